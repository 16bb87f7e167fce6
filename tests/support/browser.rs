//! Headless Chromium: what a page looks like, and where its parts are drawn.
//!
//! Ask `tools::require("chromium")` first.

use std::path::Path;
use std::process::Command;

use serde_json::Value;

/// Opens a page and takes its picture, as PNG.
#[track_caller]
pub fn screenshot(html: &str, width: u32, height: u32, dark: bool) -> Vec<u8> {
    let folder = tempfile::tempdir().expect("a folder");
    let picture = folder.path().join("picture.png");
    // 0 is dark, 1 is light.
    let scheme = format!("--blink-settings=preferredColorScheme={}", i32::from(!dark));
    run(folder.path(), html, &[&format!("--screenshot={}", picture.display()), &format!("--window-size={width},{height}"), &scheme]);
    std::fs::read(&picture).expect("a picture")
}

/// What was measured of a page in a browser.
#[derive(Clone, Debug)]
pub struct Page(pub Value);

impl Page {
    /// Opens a page in a frame and measures it from outside: the page itself may run no script.
    #[track_caller]
    pub fn measure(html: &str, width: u32) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let escaped = html.replace('&', "&amp;").replace('"', "&quot;");
        let frame = format!(
            "<!DOCTYPE html><meta charset=utf-8><iframe id=f style='border:0;width:{width}px;height:900px' srcdoc=\"{escaped}\"></iframe>\
             <pre id=out></pre><script>{MEASURE}</script>"
        );
        let dom = run(folder.path(), &frame, &["--dump-dom", "--virtual-time-budget=10000"]);
        let found = dom.rsplit_once("<pre id=\"out\">").and_then(|(_, rest)| rest.split_once("</pre>")).map(|(found, _)| found);
        let found = found.unwrap_or_else(|| panic!("no measurements in {dom}"));
        let found = found.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&");
        Self(serde_json::from_str(&found).unwrap_or_else(|error| panic!("{error}: {found}")))
    }
}

const MEASURE: &str = "
f.onload = () => {
  const d = f.contentDocument, w = f.contentWindow;
  const box = e => { const r = e.getBoundingClientRect(); return { x: r.x, y: r.y, w: r.width, h: r.height }; };
  const all = s => [...d.querySelectorAll(s)];
  const text = e => e.textContent.replace(/\\s+/g, ' ').trim();
  out.textContent = JSON.stringify({
    title: d.title,
    heading: text(d.querySelector('h1')),
    scripts: d.scripts.length + all('*').filter(e => [...e.attributes].some(a => a.name.startsWith('on'))).length,
    resources: w.performance.getEntriesByType('resource').map(e => e.name),
    width: d.documentElement.scrollWidth,
    figures: all('.figures div').map(e => [text(e.querySelector('dt')), text(e.querySelector('dd'))]),
    rows: all('.timeline .row').map(e => ({
      who: text(e.querySelector('.who')), label: box(e.querySelector('.who')), track: box(e.querySelector('.track')),
      in: [...e.querySelectorAll('rect.in')].map(box), muted: [...e.querySelectorAll('rect.muted')].map(box),
      hands: [...e.querySelectorAll('.hand rect')].map(box),
      marks: [...e.querySelectorAll('.mark')].map(m => [m.getAttribute('class'), text(m)]),
    })),
    modes: all('.timeline .mode').map(e => [text(e.querySelector('text')), [...e.querySelectorAll('rect')].map(box)]),
    gaps: all('.timeline .gap').map(box),
    attendance: all('table.attendance tbody tr').map(e => [...e.children].map(text)),
    audit: all('table.audit tbody tr').map(e => [...e.children].map(text)),
    heads: all('thead th').every(e => e.scope === 'col') && all('tbody th').every(e => e.scope === 'row'),
    captions: all('table').every(e => e.caption && text(e.caption)),
    titles: all('.wide > svg').every(e => e.getAttribute('aria-labelledby') && d.getElementById(e.getAttribute('aria-labelledby'))),
  });
};
";

#[track_caller]
fn run(folder: &Path, html: &str, args: &[&str]) -> String {
    let page = folder.join("page.html");
    std::fs::write(&page, html).expect("a page");
    let output = Command::new("chromium")
        .args(["--headless", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--hide-scrollbars", "--no-first-run"])
        .args(["--disable-background-networking", "--disable-component-update", "--disable-sync", "--disable-extensions"])
        .arg(format!("--user-data-dir={}", folder.join("profile").display()))
        .args(args)
        .arg(format!("file://{}", page.display()))
        .env("HOME", folder)
        .output()
        .unwrap_or_else(|error| panic!("cannot run chromium: {error}"));
    assert!(output.status.success(), "chromium {args:?} ended with {}: {}", output.status, String::from_utf8_lossy(&output.stderr));
    String::from_utf8_lossy(&output.stdout).into_owned()
}
