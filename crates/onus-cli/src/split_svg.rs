//! Drawings of what the split costs: structures side by side, and the split curve. Read well at 600 pixels.

use std::fmt::Write;

use onus_rca::{Curve, CurvePoint, ExpectedTerms, Figure, Split};

use crate::svg::{COLOURS, escape};
use crate::table::shortened;

const WIDTH: f64 = 720.0;
/// What is due to the split, to what nobody watches, and inherent.
const TERMS: [(&str, &str); 3] = [(COLOURS[5], "split"), (COLOURS[1], "unmonitored"), ("#8c8c8c", "inherent")];

fn begin(title: &str, what: &str, height: f64) -> String {
    let mut svg = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {WIDTH} {height}\" width=\"{WIDTH}\" height=\"{height}\" \
         font-family=\"sans-serif\" font-size=\"14\">\n<rect width=\"100%\" height=\"100%\" fill=\"#ffffff\"/>\n"
    );
    let _ = writeln!(svg, "<title>{}</title>", escape(title));
    let title = escape(&shortened(title, 76));
    let _ = writeln!(svg, "<text x=\"16\" y=\"26\" font-size=\"16\" font-weight=\"bold\">{title}</text>");
    let _ = writeln!(svg, "<text x=\"16\" y=\"48\" fill=\"#444\">{}</text>", escape(what));
    svg
}

/// A round step that divides a length into at most five.
fn step(most: f64) -> f64 {
    let rough = (most / 5.0).max(1e-6);
    let power = 10_f64.powf(rough.log10().floor());
    [1.0, 2.0, 5.0, 10.0].into_iter().map(|factor| factor * power).find(|step| *step >= rough).unwrap_or(rough)
}

/// Multiples of a step up to a length.
fn ticks(most: f64, step: f64) -> impl Iterator<Item = f64> {
    (0_u8..=64).map(move |tick| f64::from(tick) * step).take_while(move |value| *value <= most + step * 1e-6)
}

/// One bar for each structure and level, in the three terms of its doubt.
#[allow(clippy::too_many_lines, reason = "one drawing, from top to bottom")]
pub(crate) fn structures(title: &str, split: &Split) -> String {
    const LEFT: f64 = 176.0;
    const ROW: f64 = 26.0;
    let count = split.structures.len() as f64;
    let panel = count * ROW + 54.0;
    let mut svg = begin(title, "Expected doubt in bits, as the best-informed contractor sees it", 84.0 + 2.0 * panel);
    for (at, (colour, name)) in TERMS.into_iter().enumerate() {
        let x = LEFT + at as f64 * 130.0;
        let _ = writeln!(svg, "<rect x=\"{x}\" y=\"60\" width=\"13\" height=\"13\" fill=\"{colour}\"/>");
        let _ = writeln!(svg, "<text x=\"{}\" y=\"72\">{name}</text>", x + 19.0);
    }
    for (level, what) in ["Who answers?", "Which fault?"].into_iter().enumerate() {
        let top = 84.0 + level as f64 * panel;
        let terms = |at: usize| -> ExpectedTerms {
            let own = &split.structures[at];
            if level == 0 { own.contractor } else { own.fault }
        };
        // Middles of uncertain figures need not add up: the bar is as long as its parts.
        let long = |at: usize| {
            let ExpectedTerms { split, unmonitored, inherent, .. } = terms(at);
            [split, unmonitored, inherent].map(Figure::middle).iter().sum::<f64>()
        };
        let most = (0..split.structures.len()).map(long).fold(0.05, f64::max);
        let scale = (WIDTH - LEFT - 64.0) / most;
        let _ = writeln!(svg, "<text x=\"16\" y=\"{}\" font-weight=\"bold\">{what}</text>", top + 20.0);
        let bottom = top + 32.0 + count * ROW;
        let step = step(most);
        // A tenth of the distance between two lines can be read off.
        let (mut decimals, mut unit) = (2, step * 10.0);
        while unit < 0.999 && decimals < 9 {
            (decimals, unit) = (decimals + 1, unit * 10.0);
        }
        for value in ticks(most, step) {
            let x = LEFT + value * scale;
            let _ = writeln!(
                svg,
                "<line x1=\"{x:.1}\" x2=\"{x:.1}\" y1=\"{:.1}\" y2=\"{bottom:.1}\" stroke=\"#ddd\"/>",
                top + 28.0
            );
            let label = format!("{value:.3}");
            let label = label.trim_end_matches('0').trim_end_matches('.');
            let _ = writeln!(
                svg,
                "<text x=\"{x:.1}\" y=\"{:.1}\" font-size=\"12\" fill=\"#444\" text-anchor=\"middle\">{label}</text>",
                bottom + 14.0
            );
        }
        for (at, own) in split.structures.iter().enumerate() {
            let y = top + 32.0 + at as f64 * ROW;
            let name = escape(&shortened(&own.name, 22));
            let _ = writeln!(svg, "<text x=\"{}\" y=\"{:.1}\" text-anchor=\"end\">{name}</text>", LEFT - 8.0, y + 15.0);
            let ExpectedTerms { doubt, split, unmonitored, inherent } = terms(at);
            let mut x = LEFT;
            for (part, (colour, what)) in [split, unmonitored, inherent].into_iter().zip(TERMS) {
                let wide = part.middle() * scale;
                if wide > 0.05 {
                    let _ = writeln!(
                        svg,
                        "<rect x=\"{x:.1}\" y=\"{y:.1}\" width=\"{wide:.1}\" height=\"19\" fill=\"{colour}\"><title>{what}: {:.3} bits</title></rect>",
                        part.middle()
                    );
                    x += wide;
                }
            }
            let value = format!("{:.decimals$}", doubt.middle());
            let _ = writeln!(svg, "<text x=\"{:.1}\" y=\"{:.1}\">{value}</text>", x + 6.0, y + 15.0);
        }
    }
    svg.push_str("</svg>\n");
    svg
}

/// Where a point of the curve stands in its panel.
struct Panel {
    top: f64,
    /// Pixels a bit and a contractor.
    scale: [f64; 2],
}

impl Panel {
    const LEFT: f64 = 60.0;
    const HEIGHT: f64 = 180.0;

    fn x(&self, contractors: usize) -> f64 {
        Self::LEFT + (contractors as f64 - 1.0) * self.scale[1]
    }

    fn y(&self, bits: f64) -> f64 {
        self.top + Self::HEIGHT - bits * self.scale[0]
    }
}

/// Doubt against the number of contractors: chosen merges as a line, random ones as a band, the actual structure as a dot.
#[allow(clippy::too_many_lines, reason = "one drawing, from top to bottom")]
pub(crate) fn curve(title: &str, curve: &Curve) -> String {
    let parties = curve.chosen.iter().map(|point| point.contractors).max().unwrap_or(1).max(curve.actual.contractors);
    let mut svg = begin(title, "Expected doubt in bits against the number of contractors, merged one by one", 576.0);
    let legend = [(60.0, "least doubt first"), (230.0, "random orders: range and middle"), (510.0, "as it is")];
    for (at, (x, name)) in legend.into_iter().enumerate() {
        let mark = match at {
            0 => format!(
                "<line x1=\"{x}\" x2=\"{}\" y1=\"66\" y2=\"66\" stroke=\"{}\" stroke-width=\"3\"/>",
                x + 22.0,
                COLOURS[0]
            ),
            1 => format!(
                "<rect x=\"{x}\" y=\"58\" width=\"22\" height=\"16\" fill=\"#dddddd\"/><line x1=\"{x}\" x2=\"{}\" y1=\"66\" y2=\"66\" stroke=\"#777\" stroke-dasharray=\"4 3\" stroke-width=\"2\"/>",
                x + 22.0
            ),
            _ => format!("<circle cx=\"{}\" cy=\"66\" r=\"6\" fill=\"{}\"/>", x + 12.0, COLOURS[5]),
        };
        let _ = writeln!(svg, "{mark}<text x=\"{}\" y=\"71\">{name}</text>", x + 28.0);
    }
    for (level, what) in ["Who answers?", "Which fault?"].into_iter().enumerate() {
        let doubt = |point: &CurvePoint| if level == 0 { point.contractor } else { point.fault }.doubt.middle();
        let range = |band: &onus_rca::Band| if level == 0 { band.contractor } else { band.fault };
        let values = curve.chosen.iter().chain([&curve.actual]).map(doubt);
        let most = values.chain(curve.random.iter().map(|band| range(band)[2].middle())).fold(0.05, f64::max);
        let step = step(most);
        let ceiling = (most / step).ceil() * step;
        let wide = WIDTH - Panel::LEFT - 30.0;
        let scale = [Panel::HEIGHT / ceiling, wide / (parties.max(2) - 1) as f64];
        let panel = Panel { top: 108.0 + level as f64 * 242.0, scale };
        let _ = writeln!(svg, "<text x=\"16\" y=\"{:.1}\" font-weight=\"bold\">{what}</text>", panel.top - 10.0);
        for value in ticks(ceiling, step) {
            let y = panel.y(value);
            let right = WIDTH - 30.0;
            let _ = writeln!(
                svg,
                "<line x1=\"{}\" x2=\"{right}\" y1=\"{y:.1}\" y2=\"{y:.1}\" stroke=\"#ddd\"/>",
                Panel::LEFT
            );
            let label = format!("{value:.3}");
            let label = label.trim_end_matches('0').trim_end_matches('.');
            let _ = writeln!(
                svg,
                "<text x=\"{}\" y=\"{:.1}\" text-anchor=\"end\" fill=\"#444\">{label}</text>",
                Panel::LEFT - 8.0,
                y + 5.0
            );
        }
        let every = parties.div_ceil(16).max(1);
        for contractors in (1..=parties).filter(|n| (n - 1) % every == 0) {
            let _ = writeln!(
                svg,
                "<text x=\"{:.1}\" y=\"{:.1}\" text-anchor=\"middle\" fill=\"#444\">{contractors}</text>",
                panel.x(contractors),
                panel.y(0.0) + 20.0
            );
        }
        let line = |points: &mut dyn Iterator<Item = (usize, f64)>| {
            points.map(|(n, bits)| format!("{:.1},{:.1}", panel.x(n), panel.y(bits))).collect::<Vec<_>>().join(" ")
        };
        let upper = line(&mut curve.random.iter().map(|band| (band.contractors, range(band)[2].middle())));
        let lower = line(&mut curve.random.iter().rev().map(|band| (band.contractors, range(band)[0].middle())));
        let middle = line(&mut curve.random.iter().map(|band| (band.contractors, range(band)[1].middle())));
        let _ = writeln!(svg, "<polygon points=\"{upper} {lower}\" fill=\"#dddddd\"/>");
        let _ = writeln!(
            svg,
            "<polyline points=\"{middle}\" fill=\"none\" stroke=\"#777\" stroke-width=\"2\" stroke-dasharray=\"4 3\"/>"
        );
        let chosen = line(&mut curve.chosen.iter().map(|point| (point.contractors, doubt(point))));
        let _ =
            writeln!(svg, "<polyline points=\"{chosen}\" fill=\"none\" stroke=\"{}\" stroke-width=\"3\"/>", COLOURS[0]);
        let _ = writeln!(
            svg,
            "<circle cx=\"{:.1}\" cy=\"{:.1}\" r=\"6\" fill=\"{}\"><title>as it is: {:.3} bits</title></circle>",
            panel.x(curve.actual.contractors.max(1)),
            panel.y(doubt(&curve.actual)),
            COLOURS[5],
            doubt(&curve.actual)
        );
    }
    let _ = writeln!(svg, "<text x=\"{}\" y=\"566\" text-anchor=\"middle\">contractors</text>", WIDTH / 2.0);
    svg.push_str("</svg>\n");
    svg
}
