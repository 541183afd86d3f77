//! Needs as rows: one for each provider that a need names, with the group it stands in.

use std::collections::HashMap;
use std::io;
use std::path::Path as FilePath;

use super::{GROUPS, NEEDS, Places};
use crate::code::Code;
use crate::columns::{Columns, DEPTH, GROUP, NONE, TooLarge, entry, put};
use crate::tables::file::{NO_NUMBER, Numbers, Table, Values, told, write};
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
    /// What the tables say `k` is: where that is no number of members at all, `k` is 0.
    said: i64,
    /// Providers, and [`GROUP`] with the place of a group among those of the system.
    members: Vec<u32>,
    /// The first row that names it.
    row: usize,
}

/// By group: the system whose it is, and its place among the groups of that.
struct Owners {
    /// Of the groups whose ids count from 0, as they are written; the system is [`NONE`] where there is no such group.
    counted: Vec<(u32, u32)>,
    /// Of all others.
    others: HashMap<i64, (u32, u32)>,
}

impl Owners {
    fn get(&self, id: i64) -> Option<(u32, u32)> {
        match usize::try_from(id).ok().and_then(|id| self.counted.get(id)) {
            Some(owner) => Some(*owner).filter(|(system, _)| *system != NONE),
            None => self.others.get(&id).copied(),
        }
    }

    fn insert(&mut self, id: i64, owner: (u32, u32)) {
        match usize::try_from(id).ok().and_then(|id| self.counted.get_mut(id)) {
            Some(place) => *place = owner,
            None => {
                self.others.insert(id, owner);
            }
        }
    }
}

struct Taking<'t, 'r> {
    group: Numbers<'t>,
    k: Numbers<'t>,
    /// By id: the group it stands in, how many must hold, its row.
    nested: HashMap<i64, (i64, i64, usize)>,
    owners: Owners,
    /// Those of the system at hand come first; the rest are kept for their memory.
    groups: Vec<Group>,
    count: usize,
    top: Vec<u32>,
    open: Vec<u32>,
    report: &'r mut Report,
}

/// Reads needs into columns.
pub(super) fn take_needs(
    needs: &Table,
    groups: Option<&Table>,
    places: &Places<'_>,
    columns: &mut Columns,
    report: &mut Report,
) -> Result<(), TooLarge> {
    let [src, dst] = ["src", "dst"].map(|name| ends(needs, name, places, report));
    let mut nested = HashMap::new();
    for row in 0..groups.map_or(0, |groups| groups.rows) {
        let number = |name| groups.and_then(|groups| groups.numbers(name).get(row));
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
    let has_groups = !needs.numbers("group").all().is_empty();
    let mut taking = Taking {
        group: needs.numbers("group"),
        k: needs.numbers("k"),
        nested,
        owners: Owners { counted: vec![(NONE, 0); if has_groups { needs.rows } else { 0 }], others: HashMap::new() },
        groups: Vec::new(),
        count: 0,
        top: Vec::new(),
        open: Vec::new(),
        report,
    };
    if !has_groups && let Some(row) = taking.k.all().iter().position(|k| *k != NO_NUMBER) {
        let message = "a number of members, and no group; expected both or none".to_owned();
        taking.report.row(Code::EmptyNeed, NEEDS.name, row, "k", message);
    }
    let details = Details::of(needs);
    // A code for each row, and two for each group, which has a row at least.
    columns.need.reserve(needs.rows);
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
        if let Some(details) = &details {
            details.take(system as u32, rows, &dst, columns, taking.report);
        }
    }
    let unused = |id: &i64| taking.owners.get(*id).is_none();
    let mut unused: Vec<usize> = taking.nested.iter().filter(|(id, _)| unused(id)).map(|(_, (.., row))| *row).collect();
    unused.sort_unstable();
    for row in unused {
        let message = "no need stands in this group; expected at least one".to_owned();
        taking.report.row(Code::EmptyNeed, GROUPS.name, row, "id", message);
    }
    Ok(())
}

/// The places of the systems that a column names.
fn ends(needs: &Table, name: &str, places: &Places<'_>, report: &mut Report) -> Vec<u32> {
    let mut ends = Vec::with_capacity(needs.rows);
    for (row, id) in needs.numbers(name).all().iter().enumerate() {
        ends.push(places.find(*id).unwrap_or_else(|| {
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
        self.count = 0;
        self.top.clear();
        for row in rows {
            let row = *row as usize;
            let Some(id) = self.group.get(row) else {
                if self.k.get(row).is_some() {
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
        for at in 0..self.count {
            let Group { k, said, row, members } = &self.groups[at];
            let (k, said, row, members) = (*k as usize, *said, *row, members.len());
            if k == 0 || k > members {
                self.problem(row, "k", format!("expected from 1 to the {members} members of the group, found {said}"));
            }
        }
        // From the last member to the first, so that they come off the stack in their order.
        self.open.extend(self.top.iter().rev());
        while let Some(code) = self.open.pop() {
            if code & GROUP == 0 {
                codes.push(code);
            } else {
                let group = &self.groups[(code & !GROUP) as usize];
                codes.extend([GROUP | group.k, group.members.len() as u32]);
                self.open.extend(group.members.iter().rev());
            }
        }
    }

    /// The place of a group among those of the system, if it is one of them.
    fn place(&self, system: u32, id: i64) -> Option<usize> {
        self.owners.get(id).filter(|(owner, _)| *owner == system).map(|(_, place)| place as usize)
    }

    /// The place of a group among those of the system; where it is new, it and those it stands in are made.
    fn group(&mut self, system: u32, id: i64, row: usize) -> Option<usize> {
        let k = self.k.get(row);
        if let Some(place) = self.place(system, id) {
            let known = self.groups[place].said;
            if k.is_some_and(|k| k != known) {
                let message = format!("other members of the group {id} say {known}; expected the same");
                self.problem(row, "k", message);
            }
            return Some(place);
        }
        let stated = self.nested.get(&id).map(|(_, k, _)| *k);
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
            && self.place(system, below).is_none()
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
            if self.place(system, parent).is_none() {
                chain.push((parent, k));
            }
        }
        let mut inside = self.nested.get(&below).and_then(|_| self.place(system, below));
        for (id, k) in chain.into_iter().rev() {
            if self.owners.get(id).is_some_and(|(owner, _)| owner != system) {
                self.problem(
                    row,
                    "group",
                    format!("the group {id} is one of another system's; expected one of its own"),
                );
                return None;
            }
            let place = self.count;
            let said = k;
            let k = u32::try_from(said).ok().filter(|k| *k < GROUP).unwrap_or(0);
            if let Some(group) = self.groups.get_mut(place) {
                (group.k, group.said, group.row) = (k, said, row);
                group.members.clear();
            } else {
                self.groups.push(Group { k, said, members: Vec::new(), row });
            }
            self.count += 1;
            self.owners.insert(id, (system, place as u32));
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

/// The columns that say more of an interface.
struct Details<'t> {
    /// Kind, shortest delay, longest delay, description.
    words: [&'t [u32]; 4],
    propagates: &'t [f64],
}

impl<'t> Details<'t> {
    /// `None` where nothing is said in any row.
    fn of(needs: &'t Table) -> Option<Self> {
        let words = ["kind", "delay_min", "delay_max", "description"].map(|name| needs.words(name));
        let propagates = needs.figures("propagates");
        let is_said = !propagates.is_empty() || words.iter().any(|words| !words.is_empty());
        is_said.then_some(Self { words, propagates })
    }

    fn said(&self, row: u32) -> [Option<u32>; 4] {
        self.words.map(|words| entry(words, row as usize))
    }

    fn propagates(&self, row: u32) -> Option<f64> {
        self.propagates.get(row as usize).copied().filter(|p| !p.is_nan())
    }

    /// What the rows of one system say of its interfaces; rows of the same interface must say the same.
    fn take(&self, system: u32, rows: &[u32], dst: &[u32], columns: &mut Columns, report: &mut Report) {
        if rows.iter().all(|row| self.propagates(*row).is_none() && self.said(*row) == [None; 4]) {
            return;
        }
        let mut sorted = rows.to_vec();
        sorted.sort_by_key(|row| dst[*row as usize]);
        let mut before: Option<u32> = None;
        for row in sorted {
            let at = row as usize;
            if let Some(earlier) = before.filter(|earlier| dst[*earlier as usize] == dst[at]) {
                if self.said(earlier) != self.said(row) || self.propagates(earlier) != self.propagates(row) {
                    let message = format!("row {earlier} says something else of the same interface; expected the same");
                    report.row(Code::DuplicateKey, NEEDS.name, at, "dst", message);
                }
                continue;
            }
            before = Some(row);
            let propagates = self.propagates(row).unwrap_or(1.0);
            if !(0.0..=1.0).contains(&propagates) {
                let message = format!("expected a probability from 0 to 1, found {}", told(propagates));
                report.row(Code::BadProbability, NEEDS.name, at, "propagates", message);
            }
            let [kind, shortest, longest, description] = self.said(row);
            if shortest.is_some() != longest.is_some() {
                let message = "expected both `delay_min` and `delay_max`, or none".to_owned();
                report.row(Code::MissingKey, NEEDS.name, at, "delay_max", message);
            }
            let next = columns.interface_consumer.len();
            columns.interface_consumer.push(system);
            columns.interface_provider.push(dst[at]);
            put(&mut columns.interface_kind, next, kind.unwrap_or(NONE), NONE);
            put(&mut columns.interface_description, next, description.unwrap_or(NONE), NONE);
            put(&mut columns.interface_propagates, next, propagates, 1.0);
            put(&mut columns.interface_shortest, next, shortest.unwrap_or(NONE), NONE);
            put(&mut columns.interface_longest, next, longest.unwrap_or(NONE), NONE);
        }
    }
}
