//! How much one screen tells.

/// How much the screen tells, from everything to the least.
#[derive(Clone, Copy)]
// Each is a part that is there or not.
#[allow(clippy::struct_excessive_bools)]
pub(super) struct BriefBudget {
    /// Sentences below the titles.
    pub details: usize,
    /// Who listens, where there are findings.
    pub services: bool,
    /// A line for each option that was not asked.
    pub unasked: bool,
    /// The files for the next boot.
    pub boot: bool,
    /// How many causes.
    pub causes: usize,
    /// How many actions.
    pub actions: usize,
    /// Titles and commands on one line each.
    pub cut: bool,
    /// Empty lines between the parts.
    pub gaps: bool,
}

pub(super) const MOST: BriefBudget = BriefBudget {
    details: 8,
    services: true,
    unasked: true,
    boot: true,
    causes: 8,
    actions: 8,
    cut: false,
    gaps: true,
};

/// The steps down, one after the other until it fits.
pub(super) const STEPS: [fn(BriefBudget) -> BriefBudget; 17] = [
    |room| room,
    |room| BriefBudget { unasked: false, ..room },
    |room| BriefBudget { details: 4, ..room },
    |room| BriefBudget { details: 2, ..room },
    |room| BriefBudget { details: 1, ..room },
    |room| BriefBudget { details: 0, ..room },
    |room| BriefBudget { services: false, ..room },
    |room| BriefBudget { gaps: false, ..room },
    |room| BriefBudget { actions: 4, ..room },
    |room| BriefBudget { cut: true, ..room },
    |room| BriefBudget { actions: 3, ..room },
    |room| BriefBudget { boot: false, ..room },
    |room| BriefBudget { causes: 6, actions: 2, ..room },
    |room| BriefBudget { causes: 5, actions: 1, ..room },
    |room| BriefBudget { causes: 3, ..room },
    |room| BriefBudget { causes: 2, ..room },
    |room| BriefBudget { causes: 1, ..room },
];
