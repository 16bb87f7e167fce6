//! Draws what things cost at every size, as the benchmarks have left it, into one picture: `assets/scale.svg`.
//!
//! Four small charts with the same axes: to the right the size, by tens; upwards the cost, as a multiple of what it is
//! at the smallest size. What does not care how many there are is a level line. Run it after the others.
#![allow(clippy::expect_used, reason = "a benchmark that cannot run is to say so and end")]
#![allow(clippy::print_stdout, reason = "it says where the picture is")]

use std::fmt::Write as _;
use std::path::Path;

/// A chart: its title, and what it shows.
const CHARTS: [(&str, &str); 4] = [
    ("ingest: one callback, durable", "ingest"),
    ("fold: one event into the roster", "fold"),
    ("frame: 200x50, drawn whole", "frame"),
    ("memory: for one caller", "memory"),
];

/// The lines of each chart: what the size counts, what is added to a file's name, and its look.
const LINES: [(&str, &str, &str); 2] = [("callers, in one conference", "", "a"), ("conferences", "-conferences", "b")];

/// Where a chart is drawn in, in pixels: width, height, and the room around it.
const WIDTH: f64 = 300.0;
const HEIGHT: f64 = 150.0;
const LEFT: f64 = 44.0;
const TOP: f64 = 34.0;
const RIGHT: f64 = 16.0;
const BOTTOM: f64 = 34.0;

/// Tens on either axis.
const SIZES: f64 = 5.0;
const COSTS: (f64, f64) = (-1.0, 2.0);

/// Sizes, and what one costs at each.
type Curve = Vec<(f64, f64)>;

fn main() {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("bench");
    let mut picture = String::new();
    let (width, height) = (2.0 * (LEFT + WIDTH + RIGHT), 2.0 * (TOP + HEIGHT + BOTTOM) + 26.0);
    let style = "text{font:12px ui-sans-serif,system-ui,sans-serif;fill:#57606a}.t{font-weight:600;fill:#24292f}.g{stroke:#d0d7de;stroke-width:1}\
        .one{stroke:#8c959f;stroke-dasharray:3 3}.a,.b{fill:none;stroke-width:2}.a{stroke:#0969da}.b{stroke:#bc4c00}.pa{fill:#0969da}.pb{fill:#bc4c00}\
        @media(prefers-color-scheme:dark){text{fill:#8b949e}.t{fill:#e6edf3}.g{stroke:#30363d}.one{stroke:#6e7681}.a{stroke:#58a6ff}.b{stroke:#f0883e}\
        .pa{fill:#58a6ff}.pb{fill:#f0883e}}";
    writeln!(
        picture,
        r#"<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" role="img"><title>Cost against size</title><style>{style}</style>"#
    )
    .expect("a string");
    for (place, (title, name)) in CHARTS.iter().enumerate() {
        let x = (place % 2) as f64 * (LEFT + WIDTH + RIGHT) + LEFT;
        let y = (place / 2) as f64 * (TOP + HEIGHT + BOTTOM) + TOP;
        writeln!(picture, r#"<g transform="translate({x} {y})"><text class="t" x="0" y="-12">{title}</text>"#).expect("a string");
        axes(&mut picture);
        for (_, suffix, look) in LINES {
            if let Some(curve) = read(&folder.join(format!("curve-{name}{suffix}.tsv"))) {
                draw(&mut picture, &curve, look);
            }
        }
        picture.push_str("</g>\n");
    }
    let mut x = LEFT;
    for (words, _, look) in LINES {
        let y = height - 12.0;
        writeln!(
            picture,
            r#"<circle class="p{look}" cx="{}" cy="{}" r="4"/><text x="{}" y="{y}">{words}</text>"#,
            x + 4.0,
            y - 4.0,
            x + 14.0
        )
        .expect("a string");
        x += 40.0 + words.len() as f64 * 6.2;
    }
    writeln!(picture, r#"<text x="{x}" y="{}">cost as a multiple of that at size 1</text></svg>"#, height - 12.0).expect("a string");
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("assets/scale.svg");
    std::fs::write(&file, picture).expect("a picture in assets/");
    println!("{} shows cost against size", file.display());
}

/// Lines of a size, a tab and a cost; none where nobody has measured it.
fn read(file: &Path) -> Option<Curve> {
    let text = std::fs::read_to_string(file).ok()?;
    let point = |line: &str| {
        let (size, cost) = line.split_once('\t')?;
        Some((size.trim().parse().ok()?, cost.trim().parse().ok()?))
    };
    let curve: Curve = text.lines().filter_map(point).collect();
    (!curve.is_empty()).then_some(curve)
}

fn across(size: f64) -> f64 {
    size.max(1.0).log10() / SIZES * WIDTH
}

fn up(multiple: f64) -> f64 {
    let part = (multiple.log10() - COSTS.0) / (COSTS.1 - COSTS.0);
    HEIGHT - part.clamp(0.0, 1.0) * HEIGHT
}

fn axes(picture: &mut String) {
    for power in 0..=SIZES as i32 {
        let x = across(10_f64.powi(power));
        let words = ["1", "10", "100", "1k", "10k", "100k"][power as usize];
        writeln!(
            picture,
            r#"<line class="g" x1="{x}" y1="0" x2="{x}" y2="{HEIGHT}"/><text x="{x}" y="{}" text-anchor="middle">{words}</text>"#,
            HEIGHT + 16.0
        )
        .expect("a string");
    }
    for power in COSTS.0 as i32..=COSTS.1 as i32 {
        let y = up(10_f64.powi(power));
        let (words, class) = (["0.1x", "1x", "10x", "100x"][(power + 1) as usize], if power == 0 { "g one" } else { "g" });
        writeln!(
            picture,
            r#"<line class="{class}" x1="0" y1="{y}" x2="{WIDTH}" y2="{y}"/><text x="-6" y="{}" text-anchor="end">{words}</text>"#,
            y + 4.0
        )
        .expect("a string");
    }
}

fn draw(picture: &mut String, curve: &Curve, look: &str) {
    let Some((_, first)) = curve.first().copied() else { return };
    let places: Vec<(f64, f64)> = curve.iter().map(|(size, cost)| (across(*size), up(cost / first))).collect();
    let points: Vec<String> = places.iter().map(|(x, y)| format!("{x:.1},{y:.1}")).collect();
    writeln!(picture, r#"<polyline class="{look}" points="{}"/>"#, points.join(" ")).expect("a string");
    for (x, y) in places {
        writeln!(picture, r#"<circle class="p{look}" cx="{x:.1}" cy="{y:.1}" r="2.5"/>"#).expect("a string");
    }
}
