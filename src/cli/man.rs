//! `confmod man`: the manual page, made from the same types as `--help`.

use std::process::ExitCode;

use clap::CommandFactory;

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
    clap_mangen::Man::new(command.clone()).render(page)?;
    for sub in command.get_subcommands().filter(|sub| sub.get_name() != "help") {
        let man = clap_mangen::Man::new(sub.clone());
        page.extend_from_slice(format!(".SH \"CONFMOD {}\"\n", sub.get_name().to_uppercase()).as_bytes());
        let mut section = Vec::new();
        man.render_synopsis_section(&mut section)?;
        man.render_description_section(&mut section)?;
        man.render_options_section(&mut section)?;
        // Headings of one command stand below the command's own.
        page.extend_from_slice(String::from_utf8_lossy(&section).replace(".SH ", ".SS ").as_bytes());
    }
    Ok(())
}
