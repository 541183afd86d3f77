//! Debian's packages as gates: each fails when one of its needs is not met, a need when all its alternatives have failed.

use std::fs::File;
use std::io::{BufRead, BufReader};

use lzma_rust2::XzReader;
use onus::rca::engine::Gates;

/// Name, version, owner, and groups of alternatives as line numbers from 0.
type Line = (String, String, u32, Vec<Vec<u32>>);

/// The circuit of `../shared/data/debian`, or `None` where that is not there. 63,440 packages, and a gate for each different
/// group of several alternatives.
pub(crate) fn gates() -> Option<Gates> {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../shared/data/debian/bookworm.jsonl.xz");
    let Ok(file) = File::open(path) else {
        eprintln!("*** SKIPPED: the archive is not at {path} ***");
        return None;
    };
    let lines = BufReader::new(XzReader::new(BufReader::new(file), true)).lines();
    let needs: Vec<Vec<Vec<u32>>> = lines
        .map(|line| {
            let (_, _, _, groups): Line =
                serde_json::from_str(&line.expect("the archive is whole")).expect("the archive is as its README says");
            groups
        })
        .collect();
    // A group that is empty can never be met; its gate has a threshold of 0 and leaves the circuit.
    let mut groups: Vec<&Vec<u32>> = needs.iter().flatten().filter(|group| group.len() != 1).collect();
    groups.sort_unstable();
    groups.dedup();
    let (mut thresholds, mut offsets, mut inputs) = (Vec::new(), vec![0], Vec::new());
    for own in &needs {
        thresholds.push(1);
        inputs.extend(own.iter().map(|group| match group[..] {
            [only] => only,
            _ => (needs.len() + groups.binary_search(&group).expect("every group is among the groups")) as u32,
        }));
        offsets.push(inputs.len() as u32);
    }
    for group in groups {
        thresholds.push(group.len() as u32);
        inputs.extend(group);
        offsets.push(inputs.len() as u32);
    }
    Some(Gates::new(thresholds, offsets, inputs).expect("packages need packages"))
}
