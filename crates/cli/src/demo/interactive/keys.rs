//! What a key asks for.
//!
//! Decides nothing but the meaning of keys; the only thing remembered is that `k` waits for a node's number.

use ratatui::crossterm::event::{KeyCode, KeyEvent, KeyEventKind, KeyModifiers};

/// What the person at the keyboard wants.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Action {
    Quit,
    /// Closes what is open, or quits.
    Escape,
    Help,
    /// One of the favourites, from 0.
    Favourite(usize),
    NextPreset,
    PreviousPreset,
    Brighter,
    Darker,
    Tap,
    Faster,
    Slower,
    Blackout,
    SelectNext,
    SelectPrevious,
    /// `k` was pressed: a node is to be named.
    AskNode,
    /// The question was taken back.
    ForgetQuestion,
    /// Kill or start this node, from 0.
    Node(usize),
    /// Kill or start the selected node.
    SelectedNode,
    Hub,
    Playlist,
    Sync,
    BusyWifi,
    Lossy,
}

/// Reads keys.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Keys {
    awaits_node: bool,
}

impl Keys {
    /// What this key asks for, if anything. While a node is awaited a digit names one, `k` and Enter take the selected
    /// one, Escape takes the question back, and every other key does too and means what it always means.
    pub(super) fn handle_key(&mut self, key: KeyEvent) -> Option<Action> {
        if key.kind == KeyEventKind::Release {
            return None;
        }
        if key.modifiers.contains(KeyModifiers::CONTROL) {
            return (key.code == KeyCode::Char('c')).then_some(Action::Quit);
        }
        if std::mem::take(&mut self.awaits_node) {
            match key.code {
                KeyCode::Char(digit @ '1'..='9') => return Some(Action::Node(index(digit))),
                KeyCode::Char('k') | KeyCode::Enter => return Some(Action::SelectedNode),
                KeyCode::Tab | KeyCode::BackTab => self.awaits_node = true,
                KeyCode::Esc => return Some(Action::ForgetQuestion),
                _ => {}
            }
        }
        let action = action(key.code);
        self.awaits_node |= action == Some(Action::AskNode);
        action
    }
}

fn action(code: KeyCode) -> Option<Action> {
    Some(match code {
        KeyCode::Char('q') => Action::Quit,
        KeyCode::Esc => Action::Escape,
        KeyCode::Char('?') => Action::Help,
        KeyCode::Char(digit @ '1'..='9') => Action::Favourite(index(digit)),
        KeyCode::Right => Action::NextPreset,
        KeyCode::Left => Action::PreviousPreset,
        KeyCode::Up => Action::Brighter,
        KeyCode::Down => Action::Darker,
        KeyCode::Char('t' | ' ') => Action::Tap,
        KeyCode::Char('+' | '=') => Action::Faster,
        KeyCode::Char('-') => Action::Slower,
        KeyCode::Char('b') => Action::Blackout,
        KeyCode::Tab => Action::SelectNext,
        KeyCode::BackTab => Action::SelectPrevious,
        KeyCode::Char('k') => Action::AskNode,
        KeyCode::Char('h') => Action::Hub,
        KeyCode::Char('p') => Action::Playlist,
        KeyCode::Char('s') => Action::Sync,
        KeyCode::Char('w') => Action::BusyWifi,
        KeyCode::Char('l') => Action::Lossy,
        _ => return None,
    })
}

/// Place in a list of what a digit from 1 to 9 names.
fn index(digit: char) -> usize {
    usize::from(digit as u8 - b'1')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn typed(text: &str) -> Vec<Action> {
        let mut keys = Keys::default();
        text.chars().filter_map(|c| keys.handle_key(key(c))).collect()
    }

    fn key(c: char) -> KeyEvent {
        let code = match c {
            '\n' => KeyCode::Enter,
            '\t' => KeyCode::Tab,
            '\x1b' => KeyCode::Esc,
            c => KeyCode::Char(c),
        };
        KeyEvent::from(code)
    }

    #[test]
    fn a_digit_is_a_scene_unless_a_node_is_awaited() {
        assert_eq!(typed("2k23"), [Action::Favourite(1), Action::AskNode, Action::Node(1), Action::Favourite(2)]);
    }

    #[test]
    fn the_selected_node_is_taken_by_k_or_enter() {
        assert_eq!(typed("kk"), [Action::AskNode, Action::SelectedNode]);
        assert_eq!(typed("k\t\n"), [Action::AskNode, Action::SelectNext, Action::SelectedNode]);
    }

    #[test]
    fn another_key_takes_the_question_back_and_means_what_it_always_means() {
        assert_eq!(typed("kb1"), [Action::AskNode, Action::Blackout, Action::Favourite(0)]);
        assert_eq!(typed("k\x1b1"), [Action::AskNode, Action::ForgetQuestion, Action::Favourite(0)]);
    }

    #[test]
    fn only_control_c_of_all_control_keys_means_something() {
        let control = |c| KeyEvent::new(KeyCode::Char(c), KeyModifiers::CONTROL);
        assert_eq!(Keys::default().handle_key(control('c')), Some(Action::Quit));
        assert_eq!(Keys::default().handle_key(control('b')), None);
    }

    #[test]
    fn letting_go_of_a_key_is_no_second_press() {
        let mut release = key('b');
        release.kind = KeyEventKind::Release;
        assert_eq!(Keys::default().handle_key(release), None);
    }

    #[test]
    fn unknown_keys_are_ignored() {
        assert_eq!(typed("0xyz"), []);
    }
}
