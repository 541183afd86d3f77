//! Numbers that lead nowhere: looked for before anything follows them.

use super::{Columns, DEPTH, GROUP, NONE, Texts};

/// Where columns contradict themselves.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Flaw {
    pub(crate) column: &'static str,
    pub(crate) row: usize,
    pub(crate) expected: &'static str,
}

type Checked = Result<(), Flaw>;

fn all(column: &'static str, expected: &'static str, mut holds: impl Iterator<Item = bool>) -> Checked {
    holds.position(|holds| !holds).map_or(Ok(()), |row| Err(Flaw { column, row, expected }))
}

fn rows(column: &'static str, found: usize, wanted: usize) -> Checked {
    if found == wanted { Ok(()) } else { Err(Flaw { column, row: found, expected: "as many rows as its table has" }) }
}

fn rising<T: PartialOrd>(column: &'static str, values: impl Iterator<Item = T> + Clone) -> Checked {
    all(column, "more than the row before", values.clone().zip(values.skip(1)).map(|(a, b)| a < b))
}

impl Texts {
    fn check(&self, column: &'static str) -> Checked {
        let mut begin = 0;
        let is_end = |end: &u32| {
            let is_end = *end >= begin && self.text.is_char_boundary(*end as usize);
            begin = *end;
            is_end
        };
        all(column, "the end of a text", self.ends.iter().map(is_end))?;
        rows(column, self.ends.last().map_or(0, |end| *end as usize), self.text.len())
    }
}

impl Columns {
    /// Finds the first place where a number leads nowhere, a column has too few rows, or an order is broken. What the
    /// texts and figures say is not looked at, but for the figures' ranges. O(columns).
    pub(crate) fn check(&self) -> Checked {
        self.words.check("words")?;
        self.systems.check("systems")?;
        let systems = self.systems.len();
        if systems >= GROUP as usize {
            return Err(Flaw { column: "systems", row: systems, expected: "fewer than 2^31 systems" });
        }
        rising("systems", (0..systems).map(|at| self.systems.get(at)))?;
        for (column, words) in [
            ("system kind", &self.system_kind),
            ("system name", &self.system_name),
            ("system site", &self.system_site),
            ("system description", &self.system_description),
        ] {
            self.optional(column, words, systems)?;
        }
        optional("system faultless", "0 or 1", &self.system_faultless, systems, |flag| *flag <= 1)?;
        self.check_demand()?;
        self.check_needs()?;
        self.check_interfaces()?;
        self.check_faults()
    }

    fn is_word(&self, word: u32) -> bool {
        (word as usize) < self.words.len()
    }

    fn optional(&self, column: &'static str, words: &[u32], wanted: usize) -> Checked {
        optional(column, "the number of a word", words, wanted, |word| *word == NONE || self.is_word(*word))
    }

    fn words(&self, column: &'static str, words: &[u32], wanted: usize) -> Checked {
        rows(column, words.len(), wanted)?;
        all(column, "the number of a word", words.iter().map(|word| self.is_word(*word)))
    }

    fn numbers(&self, column: &'static str, numbers: &[u32], wanted: usize) -> Checked {
        rows(column, numbers.len(), wanted)?;
        all(column, "the number of a system", numbers.iter().map(|system| (*system as usize) < self.systems.len()))
    }

    fn check_demand(&self) -> Checked {
        let count = self.demand_system.len();
        self.numbers("demand system", &self.demand_system, count)?;
        self.words("demand unit", &self.demand_unit, count)?;
        rows("demand amount", self.demand_amount.len(), count)?;
        let amounts = self.demand_amount.iter().map(|amount| amount.is_finite() && *amount >= 0.0);
        all("demand amount", "0 or more", amounts)?;
        rising(
            "demand unit",
            (0..count).map(|at| (self.demand_system[at], self.words.get(self.demand_unit[at] as usize))),
        )
    }

    fn check_needs(&self) -> Checked {
        rows("need end", self.need_end.len(), self.systems.len())?;
        let mut begin = 0;
        // Of the groups that are open, how many members are still to come.
        let mut open: Vec<u32> = Vec::new();
        for (row, end) in self.need_end.iter().enumerate() {
            let flaw = |row, expected| Err(Flaw { column: "need", row, expected });
            let Some(codes) = self.need.get(begin..*end as usize) else {
                return Err(Flaw { column: "need end", row, expected: "the end of a system's needs" });
            };
            let mut codes = codes.iter().enumerate();
            while let Some((at, code)) = codes.next() {
                while open.last() == Some(&0) {
                    open.pop();
                }
                if let Some(members) = open.last_mut() {
                    *members -= 1;
                }
                if code & GROUP == 0 {
                    if *code as usize >= self.systems.len() {
                        return flaw(begin + at, "the number of a system");
                    }
                    continue;
                }
                let Some((_, members)) = codes.next() else { return flaw(begin + at, "the members of a group") };
                let k = code & !GROUP;
                if k == 0 || k > *members {
                    return flaw(begin + at, "from one to all members of a group");
                }
                open.push(*members);
                if open.len() > DEPTH {
                    return flaw(begin + at, "groups in no more than 64 levels");
                }
            }
            if open.iter().any(|members| *members > 0) {
                return flaw(*end as usize, "the members of a group");
            }
            open.clear();
            begin = *end as usize;
        }
        rows("need", self.need.len(), begin)
    }

    fn check_interfaces(&self) -> Checked {
        let count = self.interface_consumer.len();
        self.numbers("interface consumer", &self.interface_consumer, count)?;
        self.numbers("interface provider", &self.interface_provider, count)?;
        rising("interface provider", self.interface_consumer.iter().zip(&self.interface_provider))?;
        self.optional("interface kind", &self.interface_kind, count)?;
        self.optional("interface description", &self.interface_description, count)?;
        let range = |p: &f64| (0.0..=1.0).contains(p);
        optional("interface propagates", "a probability from 0 to 1", &self.interface_propagates, count, range)?;
        self.optional("interface shortest delay", &self.interface_shortest, count)?;
        self.optional("interface longest delay", &self.interface_longest, count)?;
        rows("interface longest delay", self.interface_longest.len(), self.interface_shortest.len())?;
        let both = self.interface_shortest.iter().zip(&self.interface_longest);
        all("interface longest delay", "both delays or none", both.map(|(a, b)| (*a == NONE) == (*b == NONE)))
    }

    fn check_faults(&self) -> Checked {
        let count = self.fault_system.len();
        self.numbers("fault system", &self.fault_system, count)?;
        let is_system = |system: &u32| *system == NONE || (*system as usize) < self.systems.len();
        optional("fault provider", "the number of a system", &self.fault_provider, count, is_system)?;
        self.words("fault name", &self.fault_name, count)?;
        self.words("fault cause", &self.fault_cause, count)?;
        rows("fault probability", self.fault_probability.len(), count)?;
        self.optional("fault rate", &self.fault_rate, count)?;
        self.optional("fault exposure", &self.fault_exposure, count)?;
        optional("fault role", "0, 1 or 2", &self.fault_role, count, |role| *role <= 2)?;
        self.optional("fault assumed", &self.fault_assumed, count)?;
        self.optional("fault description", &self.fault_description, count)?;
        let prior = |(at, p): (usize, &f64)| {
            let said = [&self.fault_rate, &self.fault_exposure].map(|column| super::entry(column, at).is_some());
            if p.is_nan() { said == [true, true] } else { said == [false, false] && (0.0..=1.0).contains(p) }
        };
        let expected = "a probability from 0 to 1, or none but a rate and an exposure";
        all("fault probability", expected, self.fault_probability.iter().enumerate().map(prior))
    }
}

/// A column that may be left empty.
fn optional<T>(
    column: &'static str,
    expected: &'static str,
    values: &[T],
    wanted: usize,
    holds: impl Fn(&T) -> bool,
) -> Checked {
    if values.is_empty() {
        return Ok(());
    }
    rows(column, values.len(), wanted)?;
    all(column, expected, values.iter().map(holds))
}
