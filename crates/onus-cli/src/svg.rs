//! Charts as SVG that reads well at 600 pixels, without scripts, fonts or colours that need a legend to tell apart.

use std::fmt::Write;

use onus_rca::{Kind, Moment};

use crate::table::shortened;

/// Colours that stay apart for colour-blind readers (Okabe & Ito 2008).
pub(crate) const COLOURS: [&str; 7] = ["#0072b2", "#e69f00", "#009e73", "#cc79a7", "#56b4e9", "#d55e00", "#f0e442"];
const WIDTH: f64 = 720.0;
const LEFT: f64 = 54.0;
const RIGHT: f64 = 16.0;
const TOP: f64 = 64.0;
const PLOT: f64 = 240.0;

/// Stacked shares over time; announced causes as marks.
///
/// Time runs by rank, not to scale: an incident has minutes at its beginning and years at its end. Every column is a
/// time at which something came to be known, and as wide as the others.
#[allow(clippy::too_many_lines, reason = "one drawing, from top to bottom")]
pub(crate) fn timeline(title: &str, view: &str, moments: &[Moment]) -> String {
    let mut who: Vec<(Kind, &str)> = Vec::new();
    for moment in moments {
        for row in moment.attribution.rows.iter().filter(|row| row.causal.middle() >= 0.005) {
            // A party has one colour, whether it answers alone or in a consortium.
            let kind = if row.kind == Kind::Shared { Kind::Assigned } else { row.kind };
            if !who.contains(&(kind, &row.who)) {
                who.push((kind, &row.who));
            }
        }
    }
    who.sort_unstable();
    let colour = |at: usize| match who[at].0 {
        Kind::Unassigned => "#8c8c8c",
        Kind::Unexplained => "#d9d9d9",
        _ => COLOURS[at % COLOURS.len()],
    };
    let announced: Vec<(usize, String)> = moments
        .iter()
        .enumerate()
        .flat_map(|(at, moment)| moment.announced.iter().map(move |announced| (at, announced.target.clone())))
        .collect();
    let column = (WIDTH - LEFT - RIGHT) / moments.len().max(1) as f64;
    let legend = TOP + PLOT + 74.0;
    let below = legend + 20.0 * who.len().div_ceil(2) as f64 + 16.0;
    let height = below + 18.0 * announced.len() as f64 + 14.0;
    let mut svg = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {WIDTH} {height}\" width=\"{WIDTH}\" height=\"{height}\" \
         font-family=\"sans-serif\" font-size=\"13\">\n<rect width=\"100%\" height=\"100%\" fill=\"#ffffff\"/>\n"
    );
    let _ = writeln!(svg, "<title>{}</title>", escape(title));
    let _ = writeln!(
        svg,
        "<text x=\"{LEFT}\" y=\"24\" font-size=\"16\" font-weight=\"bold\">{}</text>",
        escape(&shortened(title, 76))
    );
    let _ = writeln!(
        svg,
        "<text x=\"{LEFT}\" y=\"44\" fill=\"#444\">Who answers, as the view {} believed it</text>",
        escape(view)
    );
    for percent in [0, 25, 50, 75, 100] {
        let y = TOP + PLOT * (1.0 - f64::from(percent) / 100.0);
        let _ = writeln!(svg, "<line x1=\"{LEFT}\" x2=\"{}\" y1=\"{y}\" y2=\"{y}\" stroke=\"#ddd\"/>", WIDTH - RIGHT);
        let _ = writeln!(
            svg,
            "<text x=\"{}\" y=\"{}\" text-anchor=\"end\" fill=\"#444\">{percent} %</text>",
            LEFT - 4.0,
            y + 4.0
        );
    }
    let every = (moments.len().div_ceil(14)).max(1);
    for (at, moment) in moments.iter().enumerate() {
        let x = LEFT + column * at as f64;
        let mut base = TOP + PLOT;
        for (party, (_, name)) in who.iter().enumerate() {
            let rows = moment.attribution.rows.iter().filter(|row| row.who == *name);
            let share: f64 = rows.map(|row| row.causal.middle()).sum();
            let tall = PLOT * share;
            if tall > 0.0 {
                base -= tall;
                let _ = writeln!(
                    svg,
                    "<rect x=\"{x:.2}\" y=\"{base:.2}\" width=\"{column:.2}\" height=\"{tall:.2}\" fill=\"{}\" stroke=\"#fff\" stroke-width=\"0.5\"><title>{}: {:.1} %</title></rect>",
                    colour(party),
                    escape(name),
                    share * 100.0
                );
            }
        }
        if at % every == 0 {
            let (x, y) = (x + column / 2.0 + 4.0, TOP + PLOT + 10.0);
            let date = moment.time.date().to_string();
            let label = format!("{} {}", date.get(5..).unwrap_or(&date), moment.time.clock());
            let _ = writeln!(
                svg,
                "<text x=\"{x:.2}\" y=\"{y}\" font-size=\"11\" fill=\"#444\" text-anchor=\"end\" transform=\"rotate(-45 {x:.2} {y})\">{label}</text>"
            );
        }
    }
    for (number, (at, _)) in announced.iter().enumerate() {
        let x = LEFT + column * (*at as f64 + 0.5);
        let _ = writeln!(
            svg,
            "<line x1=\"{x:.2}\" x2=\"{x:.2}\" y1=\"{}\" y2=\"{}\" stroke=\"#000\" stroke-dasharray=\"3 3\"/>",
            TOP - 2.0,
            TOP + PLOT
        );
        // Marks of the same moment stand side by side.
        let beside = announced[..number].iter().filter(|(other, _)| other == at).count() as f64 * 15.0;
        let _ = writeln!(
            svg,
            "<text x=\"{:.2}\" y=\"{}\" font-size=\"12\" text-anchor=\"middle\">{}</text>",
            x + beside,
            TOP - 5.0,
            number + 1
        );
    }
    for (at, (_, name)) in who.iter().enumerate() {
        let (x, y) = (LEFT + (at % 2) as f64 * (WIDTH - LEFT) / 2.0, legend + 20.0 * (at / 2) as f64);
        let _ =
            writeln!(svg, "<rect x=\"{x}\" y=\"{}\" width=\"12\" height=\"12\" fill=\"{}\"/>", y - 10.0, colour(at));
        let _ = writeln!(svg, "<text x=\"{}\" y=\"{y}\">{}</text>", x + 18.0, escape(&shortened(name, 40)));
    }
    for (number, (at, target)) in announced.iter().enumerate() {
        let y = below + 18.0 * number as f64;
        let date = moments[*at].time.date();
        let _ = writeln!(
            svg,
            "<text x=\"{LEFT}\" y=\"{y}\">{}  announced {date} {}: {}</text>",
            number + 1,
            moments[*at].time.clock(),
            escape(target)
        );
    }
    svg.push_str("</svg>\n");
    svg
}

pub(crate) fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}
