//! `confmod man`: the manual page, made from the same types as `--help`.

use std::io::Write;
use std::process::ExitCode;

use clap::CommandFactory;
use clap_mangen::Man;

use super::{Cli, fail, print};

/// Prints one page with the console's flags and a section for each command.
pub fn run() -> ExitCode {
    let mut page = Vec::new();
    match write(&mut page) {
        Ok(()) => print(&String::from_utf8_lossy(&page)),
        Err(error) => fail(&format!("making the manual page failed ({error}); confmod --help says the same"), 1),
    }
}

fn write(page: &mut Vec<u8>) -> std::io::Result<()> {
    let mut command = Cli::command();
    command.build();
    let man = Man::new(command.clone());
    man.render_title(page)?;
    man.render_name_section(page)?;
    man.render_synopsis_section(page)?;
    man.render_description_section(page)?;
    man.render_options_section(page)?;
    writeln!(page, ".SH EXAMPLES")?;
    example(&command, page)?;
    for sub in command.get_subcommands().filter(|sub| sub.get_name() != "help") {
        let man = Man::new(sub.clone());
        writeln!(page, ".SH \"CONFMOD {}\"", sub.get_name().to_uppercase())?;
        let mut section = Vec::new();
        man.render_synopsis_section(&mut section)?;
        man.render_description_section(&mut section)?;
        man.render_options_section(&mut section)?;
        writeln!(section, ".SH EXAMPLE")?;
        example(sub, &mut section)?;
        // Headings of one command stand below the command's own.
        page.extend_from_slice(String::from_utf8_lossy(&section).replace(".SH ", ".SS ").as_bytes());
    }
    man.render_version_section(page)
}

/// The example of `--help`, line by line as it is.
fn example(command: &clap::Command, page: &mut Vec<u8>) -> std::io::Result<()> {
    let help = command.get_after_help().map(ToString::to_string).unwrap_or_default();
    writeln!(page, ".nf")?;
    for line in help.lines().skip(1) {
        writeln!(page, "{}", line.replace('\\', "\\e").replace('-', "\\-"))?;
    }
    writeln!(page, ".fi")
}
