//! Time against size, both in powers of ten; beside each line its name and its slope.

use std::fmt::Write;

use crate::floors::{power, seconds};
use crate::results::Results;

/// What one plot shows.
pub(crate) struct Plot {
    pub(crate) file: &'static str,
    title: &'static str,
    /// What sizes count.
    counts: &'static str,
    /// Groups that are shown, by how they begin.
    groups: &'static str,
    /// Functions that are shown; a peer's is dashed.
    functions: &'static [(&'static str, Line)],
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Line {
    Own,
    Peer,
}

use Line::{Own, Peer};

const fn plot(
    file: &'static str,
    title: &'static str,
    counts: &'static str,
    groups: &'static str,
    functions: &'static [(&'static str, Line)],
) -> Plot {
    Plot { file, title, counts, groups, functions }
}

/// The plots, one for each kind of work.
pub(crate) const PLOTS: [Plot; 9] = [
    plot("load.svg", "Loading a model", "needs", "load, ", &[("model", Own), ("serde alone", Peer)]),
    plot(
        "compile.svg",
        "Compiling",
        "edges",
        "compile, ",
        &[("circuit", Own), ("fault graph", Own), ("petgraph, graph and components", Peer)],
    ),
    plot("propagate.svg", "One large cascade", "edges", "cascade, ", &[("auto", Own), ("petgraph Bfs", Peer)]),
    plot(
        "times.svg",
        "Earliest failure times, one large cascade",
        "edges",
        "cascade, ",
        &[("times", Own), ("petgraph dijkstra", Peer)],
    ),
    plot("dictionary.svg", "All single faults", "edges", "dictionary, ", &[("auto", Own)]),
    plot(
        "candidates.svg",
        "Single faults that explain 8 failed, 8 working",
        "edges",
        "single candidates, ",
        &[("8 failed, 8 working", Own), ("petgraph, 16 searches without gates", Peer)],
    ),
    plot("diagnose.svg", "Diagnosis and attribution of an incident", "needs", "diagnose, ", &[("end to end", Own)]),
    plot("split.svg", "Fifty structures", "systems", "split, ", &[("dictionary and 50 structures", Own)]),
    plot("monte_carlo.svg", "One drawn incident", "edges", DRAWN, &[("auto", Own), ("petgraph Dfs", Peer)]),
];

const DRAWN: &str = "drawn incidents, ";

/// One line.
struct Series {
    name: String,
    line: Line,
    colour: &'static str,
    /// Logarithms of size and seconds.
    points: Vec<(f64, f64)>,
}

const COLOURS: [&str; 4] = ["#0b6e99", "#c2571a", "#3f7d20", "#7a3b8f"];
const WIDTH: f64 = 640.0;
const HEIGHT: f64 = 380.0;
const LEFT: f64 = 62.0;
const RIGHT: f64 = 370.0;
const TOP: f64 = 46.0;
const BOTTOM: f64 = 332.0;
/// Between the names of two lines.
const LEADING: f64 = 16.0;

impl Plot {
    /// The picture, or `None` if nothing was measured at two sizes.
    pub(crate) fn draw(&self, results: &Results) -> Option<String> {
        let series = self.series(results);
        let range = |of: fn(&(f64, f64)) -> f64| {
            let all = || series.iter().flat_map(|series| series.points.iter().map(of));
            let [least, most] = [all().fold(f64::INFINITY, f64::min), all().fold(f64::NEG_INFINITY, f64::max)];
            (least.is_finite() && most > least).then_some([least, most])
        };
        let (sizes, times) = (range(|point| point.0)?, range(|point| point.1)?);
        let times = [times[0].floor(), times[1].ceil()];
        let x = |size: f64| LEFT + 10.0 + (size - sizes[0]) / (sizes[1] - sizes[0]) * (RIGHT - LEFT - 20.0);
        let y = |time: f64| BOTTOM - (time - times[0]) / (times[1] - times[0]) * (BOTTOM - TOP);
        let mut svg = format!(
            "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {WIDTH} {HEIGHT}\" width=\"{WIDTH}\" height=\"{HEIGHT}\" \
             font-family=\"sans-serif\" font-size=\"12\">\n<rect width=\"100%\" height=\"100%\" fill=\"white\"/>\n\
             <text x=\"{LEFT}\" y=\"24\" font-size=\"15\" font-weight=\"bold\">{}: time against {}</text>\n",
            self.title, self.counts
        );
        let mut put = |line: std::fmt::Arguments<'_>| writeln!(svg, "{line}").expect("a text takes any line");
        for exponent in times[0] as i32..=times[1] as i32 {
            let at = y(f64::from(exponent));
            put(format_args!("<path d=\"M{LEFT} {at:.1}H{RIGHT}\" stroke=\"#ddd\"/>"));
            let label = seconds(10_f64.powi(exponent));
            put(format_args!("<text x=\"{}\" y=\"{:.1}\" text-anchor=\"end\">{label}</text>", LEFT - 6.0, at + 4.0));
        }
        for exponent in sizes[0].ceil() as i32..=sizes[1].floor() as i32 {
            let at = x(f64::from(exponent));
            put(format_args!("<path d=\"M{at:.1} {TOP}V{BOTTOM}\" stroke=\"#eee\"/>"));
            let label = power(10_u64.pow(exponent.unsigned_abs()));
            put(format_args!("<text x=\"{at:.1}\" y=\"{}\" text-anchor=\"middle\">{label}</text>", BOTTOM + 18.0));
        }
        let middle = f64::midpoint(LEFT, RIGHT);
        put(format_args!("<text x=\"{middle}\" y=\"{}\" text-anchor=\"middle\">{}</text>", BOTTOM + 36.0, self.counts));
        let mut last = TOP - LEADING;
        for Series { name, line, colour, points } in series {
            let dashes = if line == Peer { " stroke-dasharray=\"5 4\"" } else { "" };
            let path: Vec<String> = points.iter().map(|point| format!("{:.1} {:.1}", x(point.0), y(point.1))).collect();
            let path = path.join("L");
            put(format_args!("<path d=\"M{path}\" fill=\"none\" stroke=\"{colour}\" stroke-width=\"2\"{dashes}/>"));
            for point in &points {
                put(format_args!(
                    "<circle cx=\"{:.1}\" cy=\"{:.1}\" r=\"3\" fill=\"{colour}\"/>",
                    x(point.0),
                    y(point.1)
                ));
            }
            let end = points[points.len() - 1];
            let at = y(end.1).max(last + LEADING);
            last = at;
            let (from, to) = (x(end.0) + 5.0, RIGHT + 14.0);
            put(format_args!(
                "<path d=\"M{from:.1} {:.1}L{to} {at:.1}\" stroke=\"{colour}\" stroke-width=\"0.6\"/>",
                y(end.1)
            ));
            let slope = slope(&points).map_or_else(String::new, |slope| format!(", slope {slope:.2}"));
            put(format_args!("<text x=\"{}\" y=\"{:.1}\" fill=\"{colour}\">{name}{slope}</text>", to + 4.0, at + 4.0));
        }
        svg.push_str("</svg>\n");
        Some(svg)
    }

    /// The lines, from the one that ends highest.
    fn series(&self, results: &Results) -> Vec<Series> {
        let mut all: Vec<Series> = Vec::new();
        let mut families: Vec<&str> = Vec::new();
        for own in results.all() {
            let Some(family) = own.group.strip_prefix(self.groups).filter(|family| *family != "Debian") else {
                continue;
            };
            let Some((function, line)) = self.functions.iter().find(|(name, _)| *name == own.function) else {
                continue;
            };
            let place = families.iter().position(|other| *other == family).unwrap_or_else(|| {
                families.push(family);
                families.len() - 1
            });
            let several = self.functions.iter().filter(|(_, other)| other == line).count() > 1;
            let name = match line {
                Peer => format!("{}, {family}", function.split(',').next().unwrap_or(function)),
                Own if several => format!("{family}, {function}"),
                Own => family.to_owned(),
            };
            // Of drawn incidents some ways do more at a time than others.
            let things = if self.groups == DRAWN { own.things } else { 1.0 };
            let point = ((own.size as f64).log10(), (own.seconds / things).log10());
            if let Some(series) = all.iter_mut().find(|series| series.name == name) {
                series.points.push(point);
                continue;
            }
            all.push(Series { name, line: *line, colour: COLOURS[place % COLOURS.len()], points: vec![point] });
        }
        let end = |series: &Series| series.points.last().map_or(0.0, |point| point.1);
        all.sort_by(|a, b| end(b).total_cmp(&end(a)));
        all
    }
}

/// By least squares; `None` of less than two points.
fn slope(points: &[(f64, f64)]) -> Option<f64> {
    let count = points.len() as f64;
    let mean = |of: fn(&(f64, f64)) -> f64| points.iter().map(of).sum::<f64>() / count;
    let (x, y) = (mean(|point| point.0), mean(|point| point.1));
    let along: f64 = points.iter().map(|point| (point.0 - x).powi(2)).sum();
    let up: f64 = points.iter().map(|point| (point.0 - x) * (point.1 - y)).sum();
    (along > 0.0).then(|| up / along)
}
