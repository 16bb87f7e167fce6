//! The watch on real files: step by step where the order counts, and once as it runs.

use std::fs;
use std::path::PathBuf;

use super::*;
use crate::conference::event::{Event, Named, Seq};
use crate::journal::sqlite::Sqlite;
use crate::phone::Number;

/// A file that may be there, a journal, and a watch that looks when it is told to.
struct Desk {
    folder: tempfile::TempDir,
    journal: Arc<Sqlite>,
    watch: Watch,
}

const FIRST: &str = "number,name,role\n111,Ada,speaker\n222,Ben,\n";

impl Desk {
    fn new(expected: bool) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let journal = Arc::new(Sqlite::open(&folder.path().join("j.sqlite"), "test").expect("opens"));
        let settings = Settings { path: folder.path().join("contacts.csv"), expected, exempt_roles: vec!["speaker".to_owned()] };
        let watch = Watch::new(settings, Arc::clone(&journal) as _, INTERVAL);
        Self { folder, journal, watch }
    }

    /// With Ada and Ben read already.
    async fn with_two() -> Self {
        let mut desk = Self::new(false);
        desk.write(FIRST);
        assert_eq!(desk.settle().await, Vec::<String>::new());
        assert_eq!(desk.names(), ["111 Ada!", "222 Ben"]);
        desk
    }

    fn path(&self) -> PathBuf {
        self.watch.settings.path.clone()
    }

    fn write(&self, text: &str) {
        fs::write(self.path(), text).expect("written");
    }

    async fn look(&mut self) -> Vec<String> {
        self.watch.look(now()).await
    }

    /// Looks until what is there is old news.
    async fn settle(&mut self) -> Vec<String> {
        let mut said = self.look().await;
        said.extend(self.look().await);
        said
    }

    fn events(&self) -> Vec<Event> {
        self.journal.history().read(Seq(0), 10_000).expect("readable")
    }

    fn names(&self) -> Vec<String> {
        let mut people = People::default();
        for event in self.events() {
            people.apply(&event.what, event.at);
        }
        let mut names: Vec<_> = ["111", "222", "333"]
            .into_iter()
            .filter_map(|digits| {
                let number = Number::from_digits(digits)?;
                let exempt = if people.is_exempt(number) { "!" } else { "" };
                people.name(number).map(|name| format!("{digits} {name}{exempt}"))
            })
            .collect();
        names.sort();
        names
    }

    /// Names somebody, later than all files were written and earlier than those that come.
    async fn name(&self, digits: &str, name: &str) {
        let written = now();
        while now() == written {
            tokio::task::yield_now().await;
        }
        let named = Named { call: "1".into(), number: Number::from_digits(digits), name: name.into(), by: "ada".into() };
        self.journal.append(Draft::new(now(), What::Named(named))).durable().await.expect("durable");
        // The clock that files are marked by is the coarser one.
        let named = now();
        while fs::write(self.folder.path().join("clock"), "").is_ok()
            && file::look(&self.folder.path().join("clock")).expect("looks").expect("is there").edited() <= named
        {
            tokio::task::yield_now().await;
        }
    }
}

#[tokio::test]
async fn a_change_is_read_once_and_only_what_changed_is_appended() {
    let mut desk = Desk::with_two().await;
    assert_eq!(desk.events().len(), 1);
    assert_eq!(desk.settle().await, Vec::<String>::new());
    desk.write(FIRST);
    desk.settle().await;
    assert_eq!(desk.events().len(), 1, "saved as it was");
    desk.write("number,name,role\n111,Ada,\n333,Zoe,\n");
    desk.settle().await;
    assert_eq!(desk.names(), ["111 Ada", "333 Zoe"]);
    let [.., Event { what: What::Contacts(last), .. }] = &desk.events()[..] else { panic!("no contacts") };
    assert_eq!((last.people.len(), last.gone.len()), (2, 1));
}

#[tokio::test]
async fn after_a_restart_nothing_is_appended_twice() {
    let mut desk = Desk::with_two().await;
    desk.watch = Watch::new(desk.watch.settings.clone(), Arc::clone(&desk.journal) as _, INTERVAL);
    desk.settle().await;
    assert_eq!(desk.events().len(), 1);
    desk.watch.settings.exempt_roles = vec!["chair".to_owned()];
    desk.watch = Watch::new(desk.watch.settings.clone(), Arc::clone(&desk.journal) as _, INTERVAL);
    desk.settle().await;
    assert_eq!(desk.names(), ["111 Ada", "222 Ben"], "another setting is another row");
}

#[tokio::test]
async fn a_file_that_is_being_written_takes_nobody_away() {
    let mut desk = Desk::with_two().await;
    desk.write("number,name,role\n111,Ad");
    assert_eq!(desk.look().await, Vec::<String>::new());
    assert_eq!(desk.names(), ["111 Ada!", "222 Ben"], "not before it stands still");
    desk.write("number,name,role\n111,Ada L,speaker\n");
    desk.look().await;
    assert_eq!(desk.names(), ["111 Ada!", "222 Ben"], "it changed again");
    desk.write("number,name,role\n111,Ada L,speaker\n222,Ben,\n");
    desk.settle().await;
    assert_eq!(desk.names(), ["111 Ada L!", "222 Ben"]);
    desk.write("");
    let said = desk.settle().await;
    assert!(said.len() == 1 && said[0].starts_with("contacts.csv is empty"), "{said:?}");
    assert_eq!(desk.names(), ["111 Ada L!", "222 Ben"], "cut off and not written yet");
}

#[tokio::test]
async fn at_the_start_a_file_is_read_at_once_however_young() {
    let hour = Duration::from_secs(3_600);
    // The last one was touched: its time is old, and it was put there just now.
    for (age, touched) in [(Duration::ZERO, false), (INTERVAL, false), (hour, false), (Duration::ZERO, true)] {
        let mut desk = Desk::new(false);
        desk.write(FIRST);
        if touched {
            let file = fs::File::options().write(true).open(desk.path()).expect("opened");
            file.set_modified(std::time::SystemTime::now() - hour).expect("set");
        }
        desk.watch.look(now().plus(age)).await;
        assert_eq!(desk.names(), ["111 Ada!", "222 Ben"], "{age:?} old, touched: {touched}");
        desk.settle().await;
        assert_eq!(desk.events().len(), 1, "looked at again, and nothing is new");
    }
}

#[tokio::test]
async fn at_the_start_a_young_file_takes_nobody_away_and_complains_of_nothing_until_it_stands_still() {
    let mut desk = Desk::with_two().await;
    let start_again = |desk: &mut Desk| desk.watch = Watch::new(desk.watch.settings.clone(), Arc::clone(&desk.journal) as _, INTERVAL);
    desk.write("number,name\n333,Zoe\n22");
    start_again(&mut desk);
    assert_eq!(desk.look().await, Vec::<String>::new());
    assert_eq!(desk.names(), ["111 Ada!", "222 Ben", "333 Zoe"]);
    assert_eq!(desk.look().await.len(), 1, "it has stood still, so its last line is a slip");
    assert_eq!(desk.names(), ["333 Zoe"]);
    desk.write("");
    start_again(&mut desk);
    assert_eq!(desk.look().await, Vec::<String>::new(), "cut off and not written yet");
    assert_eq!(desk.look().await.len(), 1);
    desk.write(FIRST);
    start_again(&mut desk);
    desk.look().await;
    fs::remove_file(desk.path()).expect("removed");
    assert_eq!(desk.settle().await.len(), 1, "it was read and is gone");
}

#[tokio::test]
async fn editors_that_save_by_renaming_are_followed() {
    let mut desk = Desk::with_two().await;
    let other = desk.folder.path().join("contacts.csv~");
    fs::write(&other, FIRST.replace("Ben", "Bea")).expect("written");
    fs::remove_file(desk.path()).expect("removed");
    assert_eq!(desk.look().await, Vec::<String>::new(), "away for a moment");
    fs::rename(&other, desk.path()).expect("renamed");
    desk.settle().await;
    assert_eq!(desk.names(), ["111 Ada!", "222 Bea"]);
}

#[tokio::test]
async fn a_file_that_disappears_leaves_the_names_and_is_told_once() {
    let mut desk = Desk::with_two().await;
    fs::remove_file(desk.path()).expect("removed");
    let said = desk.settle().await;
    assert!(said.len() == 1 && said[0].contains("is gone: the names it gave stay"), "{said:?}");
    assert_eq!(desk.settle().await, Vec::<String>::new());
    assert_eq!(desk.names(), ["111 Ada!", "222 Ben"]);
    desk.write("number,name\n111,Ada\n");
    assert_eq!(desk.settle().await, Vec::<String>::new());
    assert_eq!(desk.names(), ["111 Ada"]);
    fs::remove_file(desk.path()).expect("removed");
    assert_eq!(desk.settle().await.len(), 1, "it went another time");
}

#[tokio::test]
async fn a_missing_file_is_told_where_somebody_named_it() {
    assert_eq!(Desk::new(false).settle().await, Vec::<String>::new());
    let said = Desk::new(true).settle().await;
    assert!(said.len() == 1 && said[0].starts_with("there is no file /") && said[0].contains("contacts.csv"), "{said:?}");
    let mut desk = Desk::new(true);
    desk.watch.settings.path = desk.folder.path().join("nowhere/contacts.csv");
    assert_eq!(desk.settle().await.len(), 1);
    fs::create_dir(desk.folder.path().join("nowhere")).expect("made");
    desk.write(FIRST);
    desk.settle().await;
    assert_eq!(desk.names().len(), 2, "made later");
}

#[tokio::test]
async fn a_file_that_cannot_be_read_is_told_once() {
    let mut desk = Desk::with_two().await;
    fs::remove_file(desk.path()).expect("removed");
    fs::create_dir(desk.path()).expect("made");
    let said = desk.settle().await;
    assert!(said.len() == 1 && said[0].contains("is no file"), "{said:?}");
    assert_eq!(desk.settle().await, Vec::<String>::new());
    fs::remove_dir(desk.path()).expect("removed");
    desk.write("phone,name\n111,Ada\n");
    let said = desk.settle().await;
    assert!(said.len() == 1 && said[0].contains("none of them is `number`"), "{said:?}");
    assert_eq!((desk.settle().await, desk.names().len()), (vec![], 2));
}

#[tokio::test]
async fn slips_are_told_once_for_each_change_of_them() {
    let mut desk = Desk::with_two().await;
    let bad = "x,y\n".repeat(17);
    desk.write(&format!("{FIRST}{bad}"));
    let said = desk.settle().await;
    assert_eq!(said.len(), 4, "{said:?}");
    assert_eq!(said[0], "contacts.csv line 4: \"x\" is no number: skipped");
    assert_eq!(said[3], "and 14 more in it; the log has them all");
    desk.write(&format!("{}{bad}", FIRST.replace("Ben", "Bea")));
    assert_eq!(desk.settle().await, Vec::<String>::new(), "nothing new is wrong");
    assert_eq!(desk.names(), ["111 Ada!", "222 Bea"]);
}

#[tokio::test]
async fn the_later_edit_of_file_or_console_wins() {
    let mut desk = Desk::with_two().await;
    desk.name("222", "Benjamin").await;
    assert_eq!(desk.names(), ["111 Ada!", "222 Benjamin"]);
    desk.write(&FIRST.replace("Ada", "Grace"));
    desk.settle().await;
    assert_eq!(desk.names(), ["111 Grace!", "222 Benjamin"], "another row was edited");
    desk.name("111", "Mia").await;
    desk.write(&FIRST.replace("Ada", "Eve"));
    desk.name("111", "Zoe").await;
    desk.settle().await;
    assert_eq!(desk.names(), ["111 Zoe!", "222 Benjamin"], "named after the file was saved, before it was read");
    desk.write(&FIRST.replace("Ben", "Bea"));
    desk.settle().await;
    assert_eq!(desk.names(), ["111 Ada!", "222 Bea"]);
}

#[tokio::test]
async fn a_copy_that_keeps_its_old_time_is_an_edit_of_now() {
    let mut desk = Desk::with_two().await;
    desk.name("111", "Grace").await;
    desk.write(&FIRST.replace("Ada", "Eve"));
    let file = fs::File::options().write(true).open(desk.path()).expect("opened");
    file.set_modified(std::time::UNIX_EPOCH + Duration::from_secs(1_000_000_000)).expect("set");
    desk.settle().await;
    assert_eq!(desk.names(), ["111 Eve!", "222 Ben"]);
}

#[tokio::test]
async fn a_link_to_an_older_file_is_an_edit_of_now() {
    let mut desk = Desk::new(false);
    let places = ["old", "new"].map(|name| desk.folder.path().join(name));
    fs::write(&places[0], "number,name\n111,Old\n").expect("written");
    desk.name("333", "Clock").await;
    fs::write(&places[1], "number,name\n111,New\n").expect("written");
    std::os::unix::fs::symlink(&places[1], desk.path()).expect("linked");
    desk.settle().await;
    assert_eq!(desk.names(), ["111 New", "333 Clock"]);
    fs::remove_file(desk.path()).expect("removed");
    std::os::unix::fs::symlink(&places[0], desk.path()).expect("linked");
    desk.settle().await;
    assert_eq!(desk.names(), ["111 Old", "333 Clock"]);
}

#[tokio::test]
async fn a_closed_journal_is_no_reason_to_say_anything() {
    let mut desk = Desk::with_two().await;
    desk.write("number,name\n111,Grace\n");
    desk.journal.close();
    assert_eq!(desk.settle().await, Vec::<String>::new());
}

#[test]
fn as_it_runs_it_reads_follows_and_ends() {
    let desk = Desk::new(false);
    desk.write("number,name\n111,Ada\n12a,Nobody\n");
    let (tell, mut told) = tokio::sync::mpsc::unbounded_channel();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    let settings = desk.watch.settings.clone();
    let watching = Watching::start(settings, Arc::clone(&desk.journal) as _, Duration::from_millis(5), tell).expect("started");
    watching.first_look(Duration::from_secs(20));
    runtime.block_on(async {
        let longest = Duration::from_secs(20);
        let mut feed = desk.journal.subscribe(Seq(0));
        let first = tokio::time::timeout(longest, feed.next()).await.expect("in time").expect("open").expect("readable");
        assert!(matches!(&first[0].what, What::Contacts(contacts) if &*contacts.people[0].name == "Ada"));
        let said = tokio::time::timeout(longest, told.recv()).await.expect("in time").expect("open");
        assert_eq!(said, ["contacts.csv line 3: \"12a\" is no number: skipped"]);
        desk.write("number,name\n111,Grace\n");
        let next = tokio::time::timeout(longest, feed.next()).await.expect("in time").expect("open").expect("readable");
        assert!(matches!(&next[0].what, What::Contacts(contacts) if &*contacts.people[0].name == "Grace"));
        drop(watching);
        assert_eq!(tokio::time::timeout(longest, told.recv()).await.expect("it ends"), None);
    });
}
