//! What is read from which text, and what is said of the rest.

use proptest::prelude::*;

use super::*;

fn read(text: &str) -> Sheet {
    bytes(text.as_bytes())
}

fn bytes(text: &[u8]) -> Sheet {
    Sheet::read(text, "c.csv", &["moderator".to_owned(), "Speaker".to_owned()]).unwrap_or_else(|why| panic!("{why}"))
}

fn refused(text: &[u8]) -> String {
    Sheet::read(text, "c.csv", &[]).expect_err("refused")
}

/// Rows as text: number, name, role and note, and a `!` for the exempt.
fn rows(sheet: &Sheet) -> Vec<String> {
    let row = |row: &Contact| {
        let exempt = if row.exempt { "!" } else { "" };
        format!("{}/{}/{}/{}{exempt}", row.number.digits(), row.name, row.role, row.note)
    };
    sheet.rows.iter().map(row).collect()
}

#[test]
fn columns_are_found_by_their_names_in_any_order_and_case() {
    let cases: [(&str, &[&str]); 9] = [
        ("number,name,role,note\n12157010680,Ada,speaker,by phone\n", &["12157010680/Ada/speaker/by phone!"]),
        ("Note;NAME;Number;Shoe size\nhi;Ada;+1 (215) 701-0680;41\n", &["12157010680/Ada//hi"]),
        ("number\n12157010680\n", &["12157010680///"]),
        ("\u{feff}\"Number\",\"Name\"\r\n\"12157010680\",\"Lovelace, Ada\"\r\n", &["12157010680/Lovelace, Ada//"]),
        ("12157010680,Ada,chair\n4930901820,Ben\n", &["12157010680/Ada/chair/", "4930901820/Ben//"]),
        ("sep=;\nnumber;name\n12157010680;Ada\n", &["12157010680/Ada//"]),
        ("number\tname\n12157010680\tAda\n", &["12157010680/Ada//"]),
        ("\n\n,,,\nnumber,name\n\n12157010680,Ada\n,,\n", &["12157010680/Ada//"]),
        ("number,name\n", &[]),
    ];
    for (text, wanted) in cases {
        let sheet = read(text);
        assert_eq!((rows(&sheet).as_slice(), &sheet.slips), (wanted.map_into().as_slice(), &Slips::default()), "{text:?}");
    }
}

/// Shorter tables.
trait MapInto {
    fn map_into(&self) -> Vec<String>;
}

impl MapInto for &[&str] {
    fn map_into(&self) -> Vec<String> {
        self.iter().map(|text| (*text).to_owned()).collect()
    }
}

#[test]
fn numbers_are_read_as_callbacks_are_and_as_spreadsheets_write_them() {
    for spelling in ["12157010680", "+12157010680", "1.215.701.0680", "'+12157010680", "\"=\"\"12157010680\"\"\"", " 1/215/7010680 "] {
        assert_eq!(rows(&read(&format!("number,name\n{spelling},Ada\n"))), ["12157010680/Ada//"], "{spelling}");
    }
    let zero = read("number,name\n111,Ada\n0049301,Ben\n049302,Zoe\n");
    assert_eq!((zero.rows.len(), zero.skipped), (3, 0), "as it would come in a callback");
    assert!(zero.slips.sentences[0].starts_with("c.csv line 3: this and 1 more numbers begin with 0"), "{:?}", zero.slips);
}

#[test]
fn a_bad_line_is_named_and_skipped_and_stops_nothing() {
    let text = b"number,name\n12a,Nobody\n111,Ada\n,Ben\n222,B\xe9n\nanonymous,Eve\n333,\"Zoe\n4.9E+11,Round\n444,Max\n";
    let sheet = bytes(text);
    assert_eq!(rows(&sheet), ["111/Ada//", "444/Max//"]);
    assert_eq!(sheet.skipped, 6);
    let wanted = [
        "c.csv line 2: \"12a\" is no number: skipped",
        "c.csv line 4: there is no number: skipped",
        "c.csv line 5: this is not UTF-8; save the file as UTF-8: skipped",
        "c.csv line 6: \"anonymous\" is no number: skipped",
        "c.csv line 7: a quote is not closed: skipped",
        "c.csv line 8: \"4.9E+11\" was rounded; make the column text in the spreadsheet: skipped",
    ];
    assert_eq!(sheet.slips.sentences, wanted);
    assert_eq!(sheet.slips.summary(3).last().map(String::as_str), Some("and 3 more in it"));
    assert_eq!(sheet.slips.summary(6).len(), 6);
}

#[test]
fn the_lines_of_a_cell_count() {
    let sheet = read("number,name,note\n111,Ada,\"two\nlines\"\n12a,Nobody,\n");
    assert_eq!(rows(&sheet), ["111/Ada//two lines"]);
    assert_eq!(sheet.slips.sentences, ["c.csv line 4: \"12a\" is no number: skipped"]);
}

#[test]
fn of_two_rows_with_one_number_the_last_wins_and_it_is_said() {
    let sheet = read("number,name\n111,Ada\n222,Ben\n+111,Grace\n");
    assert_eq!(rows(&sheet), ["111/Grace//", "222/Ben//"]);
    assert_eq!(sheet.slips.sentences, ["c.csv line 4: +111 is on line 2 too: line 4 counts"]);
    assert_eq!(sheet.skipped, 0);
}

#[test]
fn roles_exempt_in_any_case() {
    let sheet = read("number,role\n111,MODERATOR\n222, speaker \n333,speakers\n444,\n");
    assert_eq!(rows(&sheet), ["111//MODERATOR/!", "222//speaker/!", "333//speakers/", "444///"]);
}

#[test]
fn text_is_cleaned_and_cut() {
    let sheet = read(&format!("number,name,note\n111,A\u{1b}[2J\u{202e}da,{}\n12\u{1b}a,x,y\n", "x".repeat(5_000)));
    assert_eq!(&*sheet.rows[0].name, "A[2Jda");
    assert_eq!(sheet.rows[0].note.len(), text::FIELD_BYTES);
    assert_eq!(sheet.slips.sentences, ["c.csv line 3: \"12a\" is no number: skipped"]);
}

#[test]
fn what_is_no_contacts_file_is_refused_as_a_whole() {
    for (text, said) in [
        (&b""[..], "c.csv is empty"),
        (b"\n \n", "c.csv is empty"),
        (b"PK\x03\x04\0\0", "c.csv is not CSV in UTF-8"),
        (b"\xff\xfen\0u\0", "c.csv is not CSV in UTF-8"),
        (b"phone,name\n111,Ada\n", "c.csv line 1 names columns, and none of them is `number`"),
        (b"<html>\n<body>\n", "c.csv has no line that can be read (c.csv line 1: \"<html>\" is no number: skipped)"),
    ] {
        let why = refused(text);
        assert!(why.starts_with(said), "{why}");
    }
}

#[test]
fn what_is_too_long_is_cut_and_it_is_said() {
    let text: String = (0..=MOST_ROWS as u64).map(|i| format!("{},x\n", 12_157_000_000 + i)).collect();
    let sheet = read(&text);
    assert_eq!(sheet.rows.len(), MOST_ROWS);
    assert_eq!(sheet.slips.sentences, ["c.csv line 100001: there are more than 100000 rows: what follows is not read"]);
    let wide = format!("111,{}\n222,Ben\n", "x".repeat(MOST_BYTES));
    assert!(refused(wide.as_bytes()).starts_with("c.csv is longer than 16 MiB"));
    let long = format!("111,Ada\n222,{}\n333,Zoe\n", "x".repeat(MOST_BYTES));
    let sheet = read(&long);
    assert_eq!(rows(&sheet), ["111/Ada//"]);
    assert_eq!(sheet.slips.sentences, ["c.csv is longer than 16 MiB: what follows is not read"]);
}

#[test]
fn a_thousand_slips_are_kept_and_the_rest_is_counted() {
    let text = format!("111,Ada\n{}", "x,y\n".repeat(1_500));
    let sheet = read(&text);
    assert_eq!((sheet.skipped, sheet.slips.sentences.len(), sheet.slips.more), (1_500, 1_000, 500));
    assert_eq!(sheet.slips.summary(3).last().map(String::as_str), Some("and 1497 more in it"));
}

proptest! {
    #[test]
    fn reading_never_panics_and_what_is_read_is_clean(text in prop::collection::vec(any::<u8>(), 0..300)) {
        if let Ok(sheet) = Sheet::read(&text, "c.csv", &[]) {
            for row in &sheet.rows {
                for text in [&row.name, &row.role, &row.note] {
                    prop_assert_eq!(text::clean_field(text), &**text);
                }
            }
            prop_assert!(sheet.slips.sentences.iter().all(|said| said.chars().all(text::is_showable)));
        }
    }

    #[test]
    fn tables_are_read_whatever_is_in_them(text in "(number[,;]name\n)?([0-9a+'\" ]{0,6}[,;][\\PC\n\"]{0,8}[,;\n]){0,12}") {
        let _ = Sheet::read(text.as_bytes(), "c.csv", &[]);
    }

    #[test]
    fn a_line_more_changes_no_other_row(place in 0usize..4, bad in "[^\n\r,]{0,6},[^\n\r,\"]{0,6}") {
        let mut lines = vec!["111,Ada".to_owned(), "222,Ben".to_owned(), "333,Zoe".to_owned()];
        lines.insert(place, bad);
        let text = format!("number,name\n{}\n", lines.join("\n"));
        let sheet = Sheet::read(text.as_bytes(), "c.csv", &[]).expect("three are sound");
        for wanted in ["111/Ada//", "222/Ben//", "333/Zoe//"] {
            prop_assert!(rows(&sheet).iter().any(|row| row == wanted) || sheet.slips.sentences.iter().any(|said| said.contains("too: line")));
        }
    }
}
