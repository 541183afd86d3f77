//! What was asked of the engine for scale, on one thread, and what was measured.

use crate::results::{Measured, Results};

/// A line of the table.
pub(crate) struct Row {
    pub(crate) work: &'static str,
    pub(crate) place: String,
    pub(crate) floor: String,
    pub(crate) measured: String,
    pub(crate) verdict: String,
}

const M: u64 = 1_000_000;
const FAMILIES: [&str; 3] = ["layered", "power-law", "cyclic"];

/// What a figure is compared with.
#[derive(Clone, Copy)]
enum Floor {
    /// It should be at least this.
    Least(f64),
    /// It should be at most this.
    Most(f64),
}

/// The lines for what was measured, in the order of the table that was asked for.
pub(crate) fn rows(results: &Results) -> Vec<Row> {
    let mut rows = Vec::new();
    let mut add = |work: &'static str, place: String, floor: Floor, unit: Unit, found: Option<f64>| {
        rows.extend(found.map(|found| row(work, place, floor, unit, found)));
    };
    let ratio = |group: &str, own: &str, peer: &str, size| {
        let [own, peer] = [own, peer].map(|function| results.find(group, function, size).map(Measured::rate));
        Some(own? / peer?)
    };
    for (size, rate, peer) in [(M, 4e8, Some(10.0)), (10 * M, 3e8, Some(25.0)), (100 * M, 1.5e8, None)] {
        for family in FAMILIES {
            let group = format!("cascade, {family}");
            for way in ["auto", "sweep"] {
                let found = results.find(&group, way, size).map(Measured::rate);
                add("full cascade", place(family, size, way), Floor::Least(rate), Unit::Edges, found);
            }
            if let Some(peer) = peer {
                let found = ratio(&group, "auto", "petgraph Bfs", size);
                add(
                    "… against petgraph `Bfs`, an edge",
                    place(family, size, "auto"),
                    Floor::Least(peer),
                    Unit::Times,
                    found,
                );
            }
        }
    }
    for (name, most) in [("median", 1e-6), ("90 %", 4e-6)] {
        let found = results.find("small questions, power-law", name, M).map(|own| own.seconds / own.things);
        add("small question", place("power-law", M, name), Floor::Most(most), Unit::Seconds, found);
    }
    for (family, size, rate) in lanes() {
        let group = format!("512 lanes, {family}");
        let found = results.find(&group, "lane-edges", size);
        add("512 lanes", place(family, size, ""), Floor::Least(rate), Unit::LaneEdges, found.map(Measured::rate));
        let one = results.find(&format!("cascade, {family}"), "worklist", size);
        // Eight sweeps are measured, each for 512 faults.
        let each = found.map(|own| own.seconds / SWEPT);
        let found = one.zip(each).map(|(one, each)| one.seconds / each);
        let work = "… against one large cascade at a time, a fault";
        add(work, place(family, size, ""), Floor::Least(300.0), Unit::Times, found);
    }
    for (family, most) in [("Debian", 0.1), ("layered", 1.5), ("power-law", 1.5), ("cyclic", 1.5)] {
        let found = results.find(&format!("dictionary, {family}"), "auto", M).map(|own| own.seconds);
        add("all single faults", place(family, M, ""), Floor::Most(most), Unit::Seconds, found);
    }
    for (family, most) in [("Debian", 0.005), ("power-law", 0.06), ("layered", 0.5)] {
        let found = results.find(&format!("single candidates, {family}"), "8 failed, 8 working", M);
        let found = found.map(|own| own.seconds);
        add("8 failed + 8 working: candidates", place(family, M, ""), Floor::Most(most), Unit::Seconds, found);
    }
    for (family, least) in [("Debian", 4e5), ("layered", 5e4), ("power-law", 5e4), ("cyclic", 5e4)] {
        let group = format!("drawn incidents, {family}");
        let found = results.find(&group, "auto", M).map(Measured::rate);
        add("Monte-Carlo incidents", place(family, M, ""), Floor::Least(least), Unit::Each, found);
    }
    for (family, least) in [("Debian", 3.0), ("layered", 6.0), ("power-law", 6.0), ("cyclic", 6.0)] {
        let found = ratio(&format!("cascade, {family}"), "times", "petgraph dijkstra", M);
        add(
            "earliest times, against petgraph `dijkstra`",
            place(family, M, ""),
            Floor::Least(least),
            Unit::Times,
            found,
        );
    }
    for monitors in ["perfect monitors", "monitors that err"] {
        let found = results.find(&format!("split, {monitors}"), "dictionary and 50 structures", 10_000);
        let where_ = format!("10⁴ systems, 50 structures, {monitors}");
        add("`onus split`", where_, Floor::Most(10.0), Unit::Seconds, found.map(|own| own.seconds));
    }
    for (form, function, floor) in [
        ("snapshot", "compiled graph", 0.05),
        ("snapshot", "model", 0.05),
        ("Parquet", "model", 0.5),
        ("lines", "model", 8.0),
    ] {
        let found = results.find(&format!("load, {form}"), function, 5 * M).map(|own| own.seconds);
        add("load 10⁶ systems", format!("{form}, {function}"), Floor::Most(floor), Unit::Seconds, found);
    }
    for own in results.all().iter().filter(|own| own.group == "load, YAML" && own.function == "model") {
        let where_ = format!("YAML, {} needs", power(own.size));
        add("load", where_, Floor::Least(15e6), Unit::Bytes, Some(own.rate()));
    }
    rows
}

/// Faults that `benches/dictionary.rs` sweeps in one measurement of a circuit that has as many.
const SWEPT: f64 = 4096.0;

fn lanes() -> Vec<(&'static str, u64, f64)> {
    let sizes = [(M, 80e9), (10 * M, 40e9)];
    let drawn = sizes.into_iter().flat_map(|(size, rate)| FAMILIES.map(|family| (family, size, rate)));
    std::iter::once(("Debian", M, 150e9)).chain(drawn).collect()
}

fn row(work: &'static str, place: String, floor: Floor, unit: Unit, found: f64) -> Row {
    let (sign, wanted, short) = match floor {
        Floor::Least(wanted) => ("≥", wanted, wanted / found),
        Floor::Most(wanted) => ("≤", wanted, found / wanted),
    };
    let verdict = if short <= 1.0 { "met".to_owned() } else { format!("missed by a factor of {short:.1}") };
    Row { work, place, floor: format!("{sign} {}", unit.show(wanted)), measured: unit.show(found), verdict }
}

fn place(family: &str, size: u64, how: &str) -> String {
    let size = if family == "Debian" { String::new() } else { format!(", {}", power(size)) };
    if how.is_empty() { format!("{family}{size}") } else { format!("{family}{size}, {how}") }
}

/// A power of ten in digits above.
pub(crate) fn power(size: u64) -> String {
    let digits = ["⁰", "¹", "²", "³", "⁴", "⁵", "⁶", "⁷", "⁸", "⁹"];
    let exponent = size.max(1).ilog10();
    let lead = size / 10_u64.pow(exponent);
    let lead = if lead == 1 { String::new() } else { format!("{lead}·") };
    format!("{lead}10{}", digits[exponent as usize % 10])
}

#[derive(Clone, Copy)]
enum Unit {
    Edges,
    LaneEdges,
    Times,
    Seconds,
    Each,
    Bytes,
}

impl Unit {
    fn show(self, figure: f64) -> String {
        match self {
            Self::Edges => format!("{:.0} M edges/s", figure / 1e6),
            Self::LaneEdges => format!("{:.0} G/s", figure / 1e9),
            Self::Times => format!("{figure:.1}×"),
            Self::Seconds => seconds(figure),
            Self::Each => format!("{:.1} k/s", figure / 1e3),
            Self::Bytes => format!("{:.1} MB/s", figure / 1e6),
        }
    }
}

/// A time in the unit that suits it.
pub(crate) fn seconds(figure: f64) -> String {
    let (scaled, unit) = match figure {
        _ if figure < 0.999_5e-6 => (figure * 1e9, "ns"),
        _ if figure < 0.999_5e-3 => (figure * 1e6, "µs"),
        _ if figure < 0.999_5 => (figure * 1e3, "ms"),
        _ => (figure, "s"),
    };
    let is_whole = (scaled - scaled.round()).abs() < 1e-9;
    let digits = usize::from(scaled < 9.95 && !is_whole);
    format!("{scaled:.digits$} {unit}")
}
