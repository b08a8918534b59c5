//! Edits of a JSON text that leave it one: of its values, of its strings, and of the bytes that a
//! string holds in base64.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use libfuzzer_sys::fuzzer_mutate;
use serde_json::{Value, json};

/// The ends of the port classes, and what is next to the ends of integers.
const NUMBERS: [i64; 12] =
    [0, 1, -1, 2, 1023, 1024, 32_768, 49_151, 49_152, 65_535, 65_536, 4_294_967_296];

/// A step of xorshift; libFuzzer gives the seed.
struct Dice(u32);

impl Dice {
    fn below(&mut self, n: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 17;
        self.0 ^= self.0 << 5;
        self.0 as usize % n.max(1)
    }
}

/// Edits the first `size` bytes in place, and returns how many there are then. What is no JSON, and
/// now and then what is, is edited as bytes.
pub fn edited(data: &mut [u8], size: usize, max_size: usize, seed: u32) -> usize {
    let mut dice = Dice(seed | 1);
    let json = serde_json::from_slice::<Value>(&data[..size]);
    let Ok(mut value) =
        json.map_err(drop).and_then(|json| if dice.below(16) == 0 { Err(()) } else { Ok(json) })
    else {
        return fuzzer_mutate(data, size, max_size);
    };
    for _ in 0..=dice.below(4) {
        edit(&mut value, &mut dice);
    }
    let text = value.to_string();
    match data.get_mut(..text.len().min(max_size)) {
        Some(room) if room.len() == text.len() => {
            room.copy_from_slice(text.as_bytes());
            text.len()
        }
        _ => fuzzer_mutate(data, size, max_size),
    }
}

fn edit(root: &mut Value, dice: &mut Dice) {
    let mut paths = Vec::new();
    visit(root, String::new(), &mut paths);
    let path = paths[dice.below(paths.len())].clone();
    let other = paths[dice.below(paths.len())].clone();
    match dice.below(6) {
        0 => {
            let other = root.pointer(&other).cloned();
            put(root, &path, other);
        }
        1 => remove(root, &path),
        2 => twice(root, &path, dice),
        3 => {
            let plain = [json!(null), json!(true), json!(false), json!(""), json!([]), json!({})];
            put(root, &path, plain.get(dice.below(plain.len())).cloned());
        }
        _ => leaf(root, &path, dice),
    }
}

fn visit(value: &Value, path: String, paths: &mut Vec<String>) {
    match value {
        Value::Array(items) => {
            for (index, item) in items.iter().enumerate() {
                visit(item, format!("{path}/{index}"), paths);
            }
        }
        Value::Object(fields) => {
            for (key, item) in fields {
                let key = key.replace('~', "~0").replace('/', "~1");
                visit(item, format!("{path}/{key}"), paths);
            }
        }
        _ => {}
    }
    paths.push(path);
}

fn put(root: &mut Value, path: &str, value: Option<Value>) {
    if let (Some(place), Some(value)) = (root.pointer_mut(path), value) {
        *place = value;
    }
}

fn remove(root: &mut Value, path: &str) {
    let Some((parent, key)) = path.rsplit_once('/') else { return };
    match root.pointer_mut(parent) {
        Some(Value::Array(items)) => {
            if let Ok(index) = key.parse::<usize>() {
                items.remove(index);
            }
        }
        Some(Value::Object(fields)) => {
            fields.remove(&key.replace("~1", "/").replace("~0", "~"));
        }
        _ => {}
    }
}

fn twice(root: &mut Value, path: &str, dice: &mut Dice) {
    let Some((parent, key)) = path.rsplit_once('/') else { return };
    if let (Some(Value::Array(items)), Ok(index)) = (root.pointer_mut(parent), key.parse::<usize>())
    {
        let item = items[index].clone();
        items.insert(dice.below(items.len() + 1), item);
    }
}

fn leaf(root: &mut Value, path: &str, dice: &mut Dice) {
    match root.pointer_mut(path) {
        Some(Value::String(text)) => {
            // Many a word is base64 too, by chance.
            let held = STANDARD.decode(&*text).ok().filter(|held| !held.is_empty());
            match held.filter(|_| path.ends_with("/bytes") || dice.below(8) == 0) {
                Some(held) => *text = STANDARD.encode(mutated(held)),
                None => {
                    *text =
                        String::from_utf8_lossy(&mutated(text.clone().into_bytes())).into_owned();
                }
            }
        }
        Some(number @ Value::Number(_)) => *number = NUMBERS[dice.below(NUMBERS.len())].into(),
        Some(Value::Bool(is)) => *is = !*is,
        _ => {}
    }
}

fn mutated(mut bytes: Vec<u8>) -> Vec<u8> {
    let size = bytes.len();
    let room = size + 16;
    bytes.resize(room, 0);
    let size = fuzzer_mutate(&mut bytes, size, room);
    bytes.truncate(size);
    bytes
}
