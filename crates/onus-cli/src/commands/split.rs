//! `onus split`: what the split costs an estate before anything fails, under its contracts and others.

use onus_model::{Alternative, Model};
use onus_rca::{
    Curve, CurveOptions, CurvePoint, DoubtSource, ExpectedTerms, FaultDictionary, Figure, How, Incidents, Readings,
    Split, SplitOptions, StructureSplit, ViewSplit,
};
use serde::Serialize;

use crate::args::{Chart, SplitQuery};
use crate::commands::Outcome;
use crate::input::{Estate, Failure};
use crate::output::{bits, heading, json, number, percent, print};
use crate::split_svg;
use crate::table::{paragraph, shortened, table};

/// Views and outcomes that text lists.
const LISTED: usize = 12;

const LEGEND: &str = "CIR(L): all channels together leave at most L outcomes. By one: some view leaves one. Right: the most \
    probable is the one. Noticed: a fault shows. Left: outcomes left. Tries: what a desk that knows what is public asks, the \
    most probable first, until it has the one that answers.";

#[derive(Serialize)]
struct Result<'a> {
    title: &'a str,
    #[serde(flatten)]
    split: &'a Split,
}

#[derive(Serialize)]
struct CurveResult<'a> {
    title: &'a str,
    #[serde(flatten)]
    curve: &'a Curve,
}

pub(crate) fn run(query: &SplitQuery) -> std::result::Result<Outcome, Failure> {
    let mut estate = Estate::read(&query.model, None)?;
    let options = query.count.options();
    if query.curve {
        return curve(query, &estate, &options.for_many());
    }
    let files = files(query, &mut estate)?;
    let alternatives = alternatives(query, &estate)?;
    let dictionary = FaultDictionary::of(&estate.graph()?, &options);
    let of_files = files.into_iter().map(Ok);
    let (actual, others) = alternatives.split_at(1);
    let under = |alternative: &Alternative| Ok((alternative.name(&estate.model), estate.model.under(alternative)?));
    let structures = actual.iter().map(under).chain(of_files).chain(others.iter().map(under));
    let mut failed: Option<Failure> = None;
    // One at a time: each is given up before the next is made.
    let structures = structures.map_while(|structure| structure.map_err(|error| failed = Some(error)).ok());
    let split = Split::of(&dictionary, structures, &options);
    if let Some(failed) = failed {
        return Err(failed);
    }
    let title = estate.model.title();
    match query.format {
        Chart::Json => json("onus-split/1", &estate.inputs, Result { title, split: &split })?,
        Chart::Svg => print(&split_svg::structures(title, &split))?,
        Chart::Text => print(&text(title, &split))?,
    }
    Ok(Outcome::Done)
}

/// The structures of files, each with its name.
fn files(query: &SplitQuery, estate: &mut Estate) -> std::result::Result<Vec<(String, Model)>, Failure> {
    let mut files = Vec::new();
    for path in &query.contracts {
        let name =
            path.file_name().map_or_else(|| path.display().to_string(), |name| name.to_string_lossy().into_owned());
        files.push((name, estate.under(path)?));
    }
    Ok(files)
}

/// The structures asked for beside those of files: the actual one, the other built-in ones, those named.
fn alternatives(query: &SplitQuery, estate: &Estate) -> std::result::Result<Vec<Alternative>, Failure> {
    let mut alternatives: Vec<Alternative> = Alternative::BUILT_IN.to_vec();
    if query.refine {
        alternatives.push(Alternative::Refined);
    }
    let two = |text: &str, mark: char, what: &str| {
        let (first, second) =
            text.split_once(mark).ok_or_else(|| Failure::Usage(format!("expected {what}, found `{text}`")))?;
        let (first, second) = (first.trim(), second.trim());
        if first == second {
            return Err(Failure::Usage(format!("expected {what} with two different contractors, found `{text}`")));
        }
        Ok::<_, Failure>((first.to_owned(), second.to_owned()))
    };
    for text in &query.merge {
        let (first, second) = two(text, ',', "--merge A,B")?;
        alternatives.push(Alternative::Merge(estate.contractor(&first)?, estate.contractor(&second)?));
    }
    for text in &query.share {
        let (from, to) = two(text, ':', "--share A:B")?;
        alternatives.push(Alternative::Share(estate.contractor(&from)?, estate.contractor(&to)?));
    }
    for text in &query.integrator {
        let (who, selector) = two(text, ':', "--integrator C:SELECTOR")?;
        if who.is_empty() || who.contains(char::is_whitespace) {
            return Err(Failure::Usage(format!("--integrator C:SELECTOR expects a contractor's id, found `{who}`")));
        }
        let alternative = Alternative::Integrator(who, vec![selector]);
        if let Err(error) = estate.model.under(&alternative) {
            let expected = "expected a selector of interfaces, e.g. `* -> *`";
            return Err(Failure::Usage(format!("--integrator {text}: {expected}; {error}")));
        }
        alternatives.push(alternative);
    }
    Ok(alternatives)
}

fn text(title: &str, split: &Split) -> String {
    let Some(actual) = split.structures.first() else { return String::new() };
    let mut text = format!("{}\n{}", heading(title), incidents(&split.incidents, actual));
    text.push_str(&paragraph(&verdict(actual), "", ""));
    for (what, level) in [("Who answers? (bits)", 1), ("Which fault? (bits)", 0)] {
        text += &format!("\n{}\n", heading(what));
        let rows = split.structures.iter().map(|own| {
            let terms = if level == 1 { own.contractor } else { own.fault };
            let mut row = vec![shortened(&own.name, 18), own.contractors.to_string(), shortened(&own.headline, 14)];
            row.extend(cells(terms));
            row
        });
        let headings = ["structure", "parties", "best view", "doubt", "split", "unmon.", "inher."];
        text.push_str(&table(&headings, &[1, 3, 4, 5, 6], rows.collect()));
    }
    text += &format!("\n{}\n", heading("What can be told?"));
    let rows = split.structures.iter().map(|own| {
        let t = &own.testability;
        let figures = [t.cir[0], t.cir[1], t.locally_isolable, t.accuracy, t.detected].map(share);
        let mut row = vec![shortened(&own.name, 18)];
        row.extend(figures);
        row.push(plain(t.ambiguity));
        row.push(plain(own.hand_offs));
        row
    });
    let headings = ["structure", "CIR(1)", "CIR(2)", "by one", "right", "noticed", "left", "tries"];
    text.push_str(&table(&headings, &[1, 2, 3, 4, 5, 6, 7], rows.collect()));
    text.push_str(&paragraph(LEGEND, "", ""));
    text.push_str(&of_views(actual));
    text
}

fn incidents(incidents: &Incidents, actual: &StructureSplit) -> String {
    let faults = if incidents.faults_at_once == 1 { "one fault" } else { "one or two faults" };
    let how = match (incidents.readings, actual.contractor.doubt.how) {
        (Readings::Exact, How::Interval) => {
            format!("readings listed but for a probability of {}", number(incidents.lost))
        }
        (Readings::Exact, _) => "exact".to_owned(),
        (Readings::Sampled, how) => match how {
            How::Estimate { confidence, samples, seed } => format!(
                "{samples} drawn (seed {seed}); figures hold with a confidence of {} %",
                number(confidence * 100.0)
            ),
            _ => "drawn".to_owned(),
        },
    };
    let text = format!("Incidents: {faults} that fails a service; {} worlds, {how}.", incidents.worlds);
    paragraph(&text, "", "")
}

/// One sentence about where the doubt comes from.
fn verdict(actual: &StructureSplit) -> String {
    let ExpectedTerms { doubt, split, unmonitored, inherent } = actual.contractor;
    let most = match actual.source {
        DoubtSource::OneOwner => return "One contractor holds every contract: the split plays no part.".to_owned(),
        DoubtSource::Split => "the split",
        DoubtSource::Unmonitored => "what nobody watches",
        DoubtSource::Inherent => "what no monitor could tell",
        _ => return "Whoever sees most is in no doubt who answers.".to_owned(),
    };
    format!(
        "Of {} bits of doubt about who answers, as {} sees it, {} are due to the split, {} to what nobody watches, {} are \
         inherent: most is due to {most}.",
        bits(doubt),
        actual.headline,
        bits(split),
        bits(unmonitored),
        bits(inherent)
    )
}

fn cells(terms: ExpectedTerms) -> [String; 4] {
    [terms.doubt, terms.split, terms.unmonitored, terms.inherent].map(plain)
}

/// A share in a table; where it is uncertain, its two ends in whole percent.
fn share(figure: Figure) -> String {
    if figure.hi - figure.lo < 0.002 {
        return percent(Figure::exact(figure.middle()));
    }
    format!("{:.0}..{:.0}%", figure.lo * 100.0, figure.hi * 100.0)
}

/// A figure in a table: where it is uncertain by more than is shown, its middle and half its width. Three digits or more.
fn plain(figure: Figure) -> String {
    let decimals = match figure.middle() {
        100.0.. => 0,
        10.0..100.0 => 1,
        _ => 2,
    };
    if figure.hi - figure.lo < 0.01 {
        return format!("{:.decimals$}", figure.middle());
    }
    format!("{:.decimals$}±{:.decimals$}", figure.middle(), (figure.hi - figure.lo) / 2.0)
}

/// Views of the actual structure, and how well it can be told that each party answers.
fn of_views(actual: &StructureSplit) -> String {
    let mut text = format!("\n{}\n", heading(&format!("What each would know ({})", actual.name)));
    let row = |view: &ViewSplit| {
        let mut row = vec![shortened(&view.view, 22), view.sees.to_string(), plain(view.fault.doubt)];
        row.extend(cells(view.contractor));
        row
    };
    let rows = actual.views.iter().take(LISTED).map(row);
    let headings = ["view", "sees", "fault", "doubt", "split", "unmon.", "inher."];
    text.push_str(&table(&headings, &[1, 2, 3, 4, 5, 6], rows.collect()));
    let more = actual.views.len().saturating_sub(LISTED) + actual.views_left_out;
    if more > 0 {
        text += &format!(" ({more} more)\n");
    }
    text += &format!("\n{}\n", heading("If it answers, can it be told?"));
    let mut all: Vec<_> = actual.testability.isolability.iter().collect();
    all.sort_by(|a, b| b.probability.middle().total_cmp(&a.probability.middle()).then_with(|| a.who.cmp(&b.who)));
    let rows = all.iter().take(LISTED).map(|own| {
        let local = own.local.map_or_else(|| "-".to_owned(), percent);
        vec![shortened(&own.who, 30), percent(own.probability), local, percent(own.joint)]
    });
    text.push_str(&table(&["who", "answers", "by itself", "by all"], &[1, 2, 3], rows.collect()));
    if all.len() > LISTED {
        text += &format!(" ({} more)\n", all.len() - LISTED);
    }
    text
}

fn curve(query: &SplitQuery, estate: &Estate, options: &SplitOptions) -> std::result::Result<Outcome, Failure> {
    let start = if query.refine { Alternative::Refined } else { Alternative::Actual };
    let start = estate.model.under(&start)?;
    let dictionary = FaultDictionary::of(&estate.graph()?, options);
    let asked = CurveOptions { orders: query.orders, seed: query.count.seed, ..CurveOptions::default() };
    let curve = Curve::of(&estate.model, &start, &dictionary, options, &asked);
    let title = estate.model.title();
    match query.format {
        Chart::Json => json("onus-split-curve/1", &estate.inputs, CurveResult { title, curve: &curve })?,
        Chart::Svg => print(&split_svg::curve(title, &curve))?,
        Chart::Text => print(&curve_text(title, &curve))?,
    }
    Ok(Outcome::Done)
}

fn curve_text(title: &str, curve: &Curve) -> String {
    let actual = &curve.actual;
    let mut text = format!("{}\n", heading(title));
    text.push_str(&paragraph(
        &format!(
            "Doubt in bits as contractors merge one by one, as the best-informed view sees it. The structure as it is: {} \
             parties, {} about who answers, {} about the fault.",
            actual.contractors,
            bits(actual.contractor.doubt),
            bits(actual.fault.doubt)
        ),
        "",
        "",
    ));
    text.push('\n');
    let band = |point: &CurvePoint, level: usize| {
        let band = curve.random.iter().find(|band| band.contractors == point.contractors);
        band.map_or_else(String::new, |band| {
            let [lo, _, hi] = if level == 1 { band.contractor } else { band.fault };
            format!("{:.2}..{:.2}", lo.middle(), hi.middle())
        })
    };
    let rows = curve.chosen.iter().map(|point| {
        let merged = point
            .merged
            .as_ref()
            .map_or_else(String::new, |(a, b)| format!("{} + {}", shortened(a, 13), shortened(b, 13)));
        vec![
            point.contractors.to_string(),
            merged,
            plain(point.contractor.doubt),
            band(point, 1),
            plain(point.fault.doubt),
            band(point, 0),
        ]
    });
    let headings = ["parties", "merged", "who", "at random", "fault", "at random"];
    text.push_str(&table(&headings, &[0, 2, 3, 4, 5], rows.collect()));
    text
}
