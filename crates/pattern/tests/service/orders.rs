//! CONTROL.

use cuelight_pattern::service::Light;
use cuelight_wire::tlv::{Control, Dialect, ErrorCode, Request};

use crate::support::{Heard, Server, file};

/// PATTERN-21
#[tokio::test]
async fn what_is_asked_of_the_lights_is_handed_on_and_answered_with_what_came_of_it() {
    let mut server = Server::start();
    let entry = server.store.put(&"ocean".parse().unwrap(), &file(100)).unwrap();
    server.store.put(&"note".parse().unwrap(), b"no pattern").unwrap();
    let mut client = server.client(Dialect::Checked).await;
    let play = |name| Request::Control(Control::Play { name });
    for (request, light) in [
        (play(b"Ocean.prism"), Light::Play(entry)),
        (Request::Control(Control::Stop), Light::Stop),
        (Request::Control(Control::Brightness(128)), Light::Brightness(128)),
    ] {
        let taken = async {
            let order = server.orders.recv().await.unwrap();
            order.answer.send(Ok(())).unwrap();
            order.light
        };
        let (heard, taken) = tokio::join!(client.ask(request), taken);
        assert!(matches!(heard, Heard::Done(_)), "{heard:?}");
        assert_eq!(taken, light);
    }
    let refused = async {
        let order = server.orders.recv().await.unwrap();
        order.answer.send(Err("a hub conducts this node".into())).unwrap();
    };
    let (heard, ()) = tokio::join!(client.ask(play(b"ocean")), refused);
    assert_eq!(heard, Heard::Error(ErrorCode::InvalidTlv, "a hub conducts this node".into()));
    // Refused before anybody hears of it.
    client.say(play(b"note")).await;
    assert!(client.refused(ErrorCode::PatternNotFound).await.contains("PRSM"));
    client.say(play(b"nobody")).await;
    client.refused(ErrorCode::PatternNotFound).await;
    for control in [Control::Gamma(&[220]), Control::Template(&[1, 2])] {
        client.say(Request::Control(control)).await;
        client.refused(ErrorCode::InvalidTlv).await;
    }
    assert!(server.orders.try_recv().is_err());
    // Nobody there to play.
    server.orders.close();
    client.say(play(b"ocean")).await;
    assert!(client.refused(ErrorCode::InvalidTlv).await.contains("nothing here can play"));
}
