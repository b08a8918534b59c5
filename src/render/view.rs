//! A report in words and rows: what the formats below have in common, and no format itself.

pub mod actions;
pub mod boot;
pub mod cases;
pub mod causes;
pub mod changes;
pub mod facts;
pub mod figures;
pub mod findings;
pub mod location;
pub mod rows;
pub mod scopes;
pub mod usage;
pub mod verdict;
