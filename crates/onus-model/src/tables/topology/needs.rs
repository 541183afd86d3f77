//! Needs as rows: one for each provider that a need names, with the group it stands in.

use std::collections::HashMap;
use std::io;
use std::path::Path as FilePath;

use super::{GROUPS, NEEDS, Numbers, word};
use crate::code::Code;
use crate::columns::{Columns, DEPTH, GROUP, NONE, TooLarge, Words, entry, put};
use crate::tables::file::{NO_NUMBER, Table, Values, write};
use crate::tables::report::Report;

/// Rows in the making.
#[derive(Default)]
struct Rows {
    src: Vec<u32>,
    dst: Vec<u32>,
    group: Vec<u32>,
    /// By group: how many must hold, the group it stands in, whether one stands in it.
    groups: Vec<(u32, u32, bool)>,
}

impl Rows {
    fn of(columns: &Columns) -> Self {
        let mut rows = Self::default();
        let mut begin = 0;
        // The groups that are open, and how many members of each are still to come.
        let mut open: Vec<(u32, u32)> = Vec::new();
        for (at, end) in columns.need_end.iter().enumerate() {
            let mut codes = columns.need[begin..*end as usize].iter();
            begin = *end as usize;
            while let Some(code) = codes.next() {
                while open.last().is_some_and(|(_, members)| *members == 0) {
                    open.pop();
                }
                let group = open.last_mut().map_or(NONE, |(group, members)| {
                    *members -= 1;
                    *group
                });
                if code & GROUP == 0 {
                    rows.src.push(at as u32);
                    rows.dst.push(*code);
                    rows.group.push(group);
                } else {
                    let members = codes.next().copied().unwrap_or(0);
                    open.push((rows.groups.len() as u32, members));
                    if let Some(parent) = rows.groups.get_mut(group as usize) {
                        parent.2 = true;
                    }
                    rows.groups.push((code & !GROUP, group, false));
                }
            }
            open.clear();
        }
        rows
    }
}

/// Writes the needs, and the groups that stand in others or hold others.
pub(super) fn write_needs(folder: &FilePath, columns: &Columns) -> io::Result<()> {
    let rows = Rows::of(columns);
    // By row, where the interface stands among those of which more is said; both are sorted by consumer.
    let ends: Vec<[u32; 2]> =
        columns.interface_consumer.iter().zip(&columns.interface_provider).map(|(c, p)| [*c, *p]).collect();
    let said = |row: usize| ends.binary_search(&[rows.src[row], rows.dst[row]]).ok();
    let details: Vec<u32> = if ends.is_empty() {
        Vec::new()
    } else {
        (0..rows.src.len()).map(|row| said(row).map_or(NONE, |at| at as u32)).collect()
    };
    let detail = |row: usize| entry(&details, row).map(|at| at as usize);
    let text = |words: &[u32], row: usize| -> Option<&str> {
        entry(words, detail(row)?).map(|word| columns.words.get(word as usize))
    };
    let values = [
        Values::Numbers(Box::new(|row| Some(i64::from(rows.src[row])))),
        Values::Numbers(Box::new(|row| Some(i64::from(rows.dst[row])))),
        Values::Numbers(Box::new(|row| entry(&rows.group, row).map(i64::from))),
        Values::Numbers(Box::new(|row| entry(&rows.group, row).map(|group| i64::from(rows.groups[group as usize].0)))),
        Values::Texts(Box::new(|row| text(&columns.interface_kind, row))),
        Values::Figures(Box::new(|row| columns.interface_propagates.get(detail(row)?).copied().filter(|p| *p < 1.0))),
        Values::Texts(Box::new(|row| text(&columns.interface_shortest, row))),
        Values::Texts(Box::new(|row| text(&columns.interface_longest, row))),
        Values::Texts(Box::new(|row| text(&columns.interface_description, row))),
    ];
    write(folder, &NEEDS, rows.src.len(), &values)?;
    let nested: Vec<usize> =
        (0..rows.groups.len()).filter(|group| rows.groups[*group].1 != NONE || rows.groups[*group].2).collect();
    if nested.is_empty() {
        return Ok(());
    }
    let values = [
        Values::Numbers(Box::new(|row| i64::try_from(nested[row]).ok())),
        Values::Numbers(Box::new(|row| {
            Some(rows.groups[nested[row]].1).filter(|parent| *parent != NONE).map(i64::from)
        })),
        Values::Numbers(Box::new(|row| Some(i64::from(rows.groups[nested[row]].0)))),
    ];
    write(folder, &GROUPS, nested.len(), &values)
}

/// A group of one system's needs, as it is put together.
struct Group {
    k: u32,
    /// Providers, and [`GROUP`] with the place of a group among those of the system.
    members: Vec<u32>,
    /// The first row that names it.
    row: usize,
}

struct Taking<'t, 'r> {
    needs: &'t Table,
    /// By id: the group it stands in, how many must hold, its row.
    nested: HashMap<i64, (i64, i64, usize)>,
    /// By id: the system whose group it is.
    owners: HashMap<i64, u32>,
    /// Of the system at hand: its groups, by id.
    places: HashMap<i64, usize>,
    groups: Vec<Group>,
    top: Vec<u32>,
    report: &'r mut Report,
}

/// Reads needs into columns.
pub(super) fn take_needs(
    needs: &Table,
    groups: Option<&Table>,
    numbers: &Numbers<'_>,
    columns: &mut Columns,
    words: &mut Words,
    report: &mut Report,
) -> Result<(), TooLarge> {
    let [src, dst] = ["src", "dst"].map(|name| ends(needs, name, numbers, report));
    let mut nested = HashMap::new();
    for row in 0..groups.map_or(0, |groups| groups.rows) {
        let number = |name| groups.and_then(|groups| groups.number(name, row));
        let (Some(id), Some(k)) = (number("id"), number("k")) else { continue };
        let parent = number("parent").unwrap_or(NO_NUMBER);
        if nested.insert(id, (parent, k, row)).is_some() {
            report.row(Code::DuplicateId, GROUPS.name, row, "id", format!("the group {id} stands twice"));
        }
    }
    if !report.is_empty() {
        return Ok(());
    }
    // Rows in the order of their consumers; within one, in the order of the file.
    let mut order: Vec<u32> = (0..needs.rows as u32).collect();
    if !src.is_sorted() {
        order.sort_by_key(|row| src[*row as usize]);
    }
    let mut taking = Taking {
        needs,
        nested,
        owners: HashMap::new(),
        places: HashMap::new(),
        groups: Vec::new(),
        top: Vec::new(),
        report,
    };
    let has_groups = !needs.numbers("group").is_empty();
    if !has_groups && let Some(row) = needs.numbers("k").iter().position(|k| *k != NO_NUMBER) {
        let message = "a number of members, and no group; expected both or none".to_owned();
        taking.report.row(Code::EmptyNeed, NEEDS.name, row, "k", message);
    }
    let mut next = 0;
    for system in 0..columns.need_end.len() {
        let first = next;
        while next < order.len() && src[order[next] as usize] as usize == system {
            next += 1;
        }
        let rows = &order[first..next];
        if has_groups {
            taking.system(system as u32, rows, &dst, &mut columns.need);
        } else {
            columns.need.extend(rows.iter().map(|row| dst[*row as usize]));
        }
        columns.need_end[system] = u32::try_from(columns.need.len()).map_err(|_| TooLarge)?;
        details(needs, system as u32, rows, &dst, columns, words, taking.report)?;
    }
    let unused = |id: &i64| !taking.owners.contains_key(id);
    let mut unused: Vec<usize> = taking.nested.iter().filter(|(id, _)| unused(id)).map(|(_, (.., row))| *row).collect();
    unused.sort_unstable();
    for row in unused {
        let message = "no need stands in this group; expected at least one".to_owned();
        taking.report.row(Code::EmptyNeed, GROUPS.name, row, "id", message);
    }
    Ok(())
}

/// The places of the systems that a column names.
fn ends(needs: &Table, name: &str, numbers: &Numbers<'_>, report: &mut Report) -> Vec<u32> {
    let mut ends = Vec::with_capacity(needs.rows);
    for (row, id) in needs.numbers(name).iter().enumerate() {
        ends.push(numbers.find(*id).unwrap_or_else(|| {
            report.row(Code::UnknownSystem, NEEDS.name, row, name, format!("there is no system with the id {id}"));
            0
        }));
    }
    ends
}

impl Taking<'_, '_> {
    fn problem(&mut self, row: usize, column: &str, message: String) {
        self.report.row(Code::EmptyNeed, NEEDS.name, row, column, message);
    }

    /// Puts the needs of one system together, and writes their codes.
    fn system(&mut self, system: u32, rows: &[u32], dst: &[u32], codes: &mut Vec<u32>) {
        self.places.clear();
        self.groups.clear();
        self.top.clear();
        for row in rows {
            let row = *row as usize;
            let Some(id) = self.needs.number("group", row) else {
                if self.needs.number("k", row).is_some() {
                    let message = "a number of members, and no group; expected both or none".to_owned();
                    self.problem(row, "k", message);
                }
                self.top.push(dst[row]);
                continue;
            };
            if let Some(place) = self.group(system, id, row) {
                self.groups[place].members.push(dst[row]);
            }
        }
        for at in 0..self.groups.len() {
            let Group { k, row, members } = &self.groups[at];
            let (k, row, members) = (*k as usize, *row, members.len());
            if k == 0 || k > members {
                self.problem(row, "k", format!("expected from 1 to the {members} members of the group, found {k}"));
            }
        }
        // From the last member to the first, so that they come off the stack in their order.
        let mut open: Vec<u32> = self.top.iter().rev().copied().collect();
        while let Some(code) = open.pop() {
            if code & GROUP == 0 {
                codes.push(code);
            } else {
                let group = &self.groups[(code & !GROUP) as usize];
                codes.extend([GROUP | group.k, group.members.len() as u32]);
                open.extend(group.members.iter().rev());
            }
        }
    }

    /// The place of a group among those of the system; where it is new, it and those it stands in are made.
    fn group(&mut self, system: u32, id: i64, row: usize) -> Option<usize> {
        let k = self.needs.number("k", row);
        let stated = self.nested.get(&id).map(|(_, k, _)| *k);
        if let Some(place) = self.places.get(&id).copied() {
            let known = i64::from(self.groups[place].k);
            if k.is_some_and(|k| k != known) {
                let message = format!("other members of the group {id} say {known}; expected the same");
                self.problem(row, "k", message);
            }
            return Some(place);
        }
        let Some(k) = k.or(stated) else {
            self.problem(row, "k", format!("how many of the group {id} must hold is not said; expected 1 or more"));
            return None;
        };
        if stated.is_some_and(|stated| stated != k) {
            self.problem(row, "k", format!("the table of groups has another number for the group {id}"));
            return None;
        }
        let mut chain = vec![(id, k)];
        let mut below = id;
        while let Some((parent, ..)) = self.nested.get(&below).copied()
            && parent != NO_NUMBER
            && !self.places.contains_key(&below)
        {
            let Some((_, k, _)) = self.nested.get(&parent).copied() else {
                self.problem(row, "group", format!("the group {below} stands in {parent}, which groups.parquet lacks"));
                return None;
            };
            if chain.len() >= DEPTH {
                self.problem(row, "group", format!("the group {id} stands in more than {DEPTH} others, or in itself"));
                return None;
            }
            below = parent;
            if !self.places.contains_key(&parent) {
                chain.push((parent, k));
            }
        }
        let mut inside = self.nested.get(&below).and_then(|_| self.places.get(&below).copied());
        for (id, k) in chain.into_iter().rev() {
            if *self.owners.entry(id).or_insert(system) != system {
                self.problem(
                    row,
                    "group",
                    format!("the group {id} is one of another system's; expected one of its own"),
                );
                return None;
            }
            let place = self.groups.len();
            let k = u32::try_from(k).ok().filter(|k| *k < GROUP).unwrap_or(0);
            self.groups.push(Group { k, members: Vec::new(), row });
            self.places.insert(id, place);
            let code = GROUP | place as u32;
            match inside {
                Some(parent) => self.groups[parent].members.push(code),
                None => self.top.push(code),
            }
            inside = Some(place);
        }
        inside
    }
}

/// What the rows of one system say of its interfaces; rows of the same interface must say the same.
fn details(
    needs: &Table,
    system: u32,
    rows: &[u32],
    dst: &[u32],
    columns: &mut Columns,
    words: &mut Words,
    report: &mut Report,
) -> Result<(), TooLarge> {
    const TEXTS: [&str; 4] = ["kind", "delay_min", "delay_max", "description"];
    let said = |row: u32| TEXTS.map(|name| needs.text(name, row as usize));
    let propagates = |row: u32| needs.figure("propagates", row as usize);
    if rows.iter().all(|row| propagates(*row).is_none() && said(*row) == [None; 4]) {
        return Ok(());
    }
    let mut sorted = rows.to_vec();
    sorted.sort_by_key(|row| dst[*row as usize]);
    let mut before: Option<u32> = None;
    for row in sorted {
        let at = row as usize;
        if let Some(earlier) = before.filter(|earlier| dst[*earlier as usize] == dst[at]) {
            if said(earlier) != said(row) || propagates(earlier) != propagates(row) {
                let message = format!("row {earlier} says something else of the same interface; expected the same");
                report.row(Code::DuplicateKey, NEEDS.name, at, "dst", message);
            }
            continue;
        }
        before = Some(row);
        let [kind, shortest, longest, description] = said(row);
        let propagates = propagates(row).unwrap_or(1.0);
        if !(0.0..=1.0).contains(&propagates) {
            let message = format!("expected a probability from 0 to 1, found {propagates}");
            report.row(Code::BadProbability, NEEDS.name, at, "propagates", message);
        }
        if shortest.is_some() != longest.is_some() {
            let message = "expected both `delay_min` and `delay_max`, or none".to_owned();
            report.row(Code::MissingKey, NEEDS.name, at, "delay_max", message);
        }
        let next = columns.interface_consumer.len();
        columns.interface_consumer.push(system);
        columns.interface_provider.push(dst[at]);
        put(&mut columns.interface_kind, next, word(words, kind)?, NONE);
        put(&mut columns.interface_description, next, word(words, description)?, NONE);
        put(&mut columns.interface_propagates, next, propagates, 1.0);
        put(&mut columns.interface_shortest, next, word(words, shortest)?, NONE);
        put(&mut columns.interface_longest, next, word(words, longest)?, NONE);
    }
    Ok(())
}
