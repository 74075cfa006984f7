//! The page in a real browser: Debian's Chromium, driven by the scripts in `dashboard/tests/browser`, before a real hub and
//! four real nodes. A script tells in lines what is to be done to the show, which is done here.

use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use crate::support::{Show, run};

/// Where the sources of the page are.
const DASHBOARD: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../dashboard");

/// As the scripts have it.
const LIMIT: Duration = Duration::from_secs(30);

/// The script's process; dropping it kills it.
struct Script(Child);

impl Drop for Script {
    fn drop(&mut self) {
        // Ended already is as good.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn play(name: &str) {
    let mut show = Show::start(4);
    let pictures = Path::new(env!("CARGO_TARGET_TMPDIR")).with_file_name("dashboard");
    let mut script = Command::new("node")
        .current_dir(DASHBOARD)
        .arg(format!("tests/browser/{name}.mjs"))
        .env("CUELIGHT_PAGE", format!("http://{}/", show.hub.at))
        .env("CUELIGHT_SHOTS", pictures)
        .env("CUELIGHT_FOLDER", show.folder())
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .map(Script)
        .expect("the page's tests need Node");
    let orders = BufReader::new(script.0.stdout.take().unwrap());
    let mut answers = script.0.stdin.take().unwrap();
    for line in orders.lines() {
        let line = line.unwrap();
        match line.strip_prefix("do ") {
            Some(order) => {
                obey(&mut show, order);
                writeln!(answers, "done").unwrap();
            }
            None => println!("{line}"),
        }
    }
    let status = script.0.wait().unwrap();
    assert!(status.success(), "{name}.mjs: {status}");
}

fn obey(show: &mut Show, order: &str) {
    let words: Vec<&str> = order.split(' ').collect();
    match words[..] {
        ["kill", "hub"] => show.hub.process.kill(),
        ["start", "hub"] => {
            show.hub.start_again("-731.5,-14");
            show.hub.wait_until_it_listens();
        }
        [word, "node", number] => {
            let node = &mut show.nodes[number.parse::<usize>().unwrap() - 1];
            if word == "kill" { node.process.kill() } else { node.start_again() }
        }
        ["make", "pattern"] => {
            let file = show.folder().join("aurora.prism").display().to_string();
            let made = run(show.folder(), LIMIT, ["pattern", "make", "--effect", "aurora", "--seconds", "2", &file]);
            assert_eq!(made.code, Some(0), "{made:?}");
        }
        _ => panic!("a script orders {order:?}"),
    }
}

#[test]
fn a_show_is_run_from_the_page_and_edits_are_taken_back() {
    play("show");
}

#[test]
fn the_page_tells_of_a_dead_node_and_a_dead_hub_and_goes_on_without_being_loaded_again() {
    play("trouble");
}

#[test]
fn every_page_is_for_everyone_by_keyboard_on_a_phone_and_in_the_dark() {
    play("everyone");
}
