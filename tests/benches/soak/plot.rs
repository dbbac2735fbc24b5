//! Samples as lines, one panel for each figure: SVG, without a library, since it is four polylines.

use std::fmt::Write;

use crate::held::Held;

const WIDTH: f64 = 900.0;
const HEIGHT: f64 = 120.0;
const GAP: f64 = 40.0;

/// The plot of all figures over time.
pub(crate) fn plot(samples: &[Held]) -> String {
    let panels = Held::FIGURES.len() as f64;
    let (width, height) = (WIDTH + 2.0 * GAP, panels * (HEIGHT + GAP) + GAP);
    let end = samples.last().map_or(1.0, |last| last.at.as_secs_f64());
    let mut svg = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {width} {height}\" font-family=\"sans-serif\" font-size=\"12\">\n\
         <rect width=\"100%\" height=\"100%\" fill=\"white\"/>\n"
    );
    for (panel, (what, figure)) in Held::FIGURES.into_iter().enumerate() {
        let top = GAP + panel as f64 * (HEIGHT + GAP);
        let most = samples.iter().map(figure).max().unwrap_or_default().max(1);
        let points: Vec<String> = samples
            .iter()
            .map(|held| {
                let x = GAP + WIDTH * held.at.as_secs_f64() / end;
                let y = top + HEIGHT * (1.0 - figure(held) as f64 / most as f64);
                format!("{x:.1},{y:.1}")
            })
            .collect();
        _ = writeln!(
            svg,
            "<text x=\"{GAP}\" y=\"{}\">{what}, {most} at most, over {end:.0} s</text>\n\
             <rect x=\"{GAP}\" y=\"{top}\" width=\"{WIDTH}\" height=\"{HEIGHT}\" fill=\"none\" stroke=\"#ccc\"/>\n\
             <polyline points=\"{}\" fill=\"none\" stroke=\"#36c\"/>",
            top - 6.0,
            points.join(" ")
        );
    }
    svg.push_str("</svg>\n");
    svg
}
