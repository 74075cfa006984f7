//! Our bytes read by other people's code, and theirs by ours: the crates `sacn` and `artnet_protocol`.

#![allow(clippy::unwrap_used, reason = "test code; the exemption of clippy.toml covers only functions with #[test]")]

mod sacn_crate {
    use cuelight_dmx::priority::Priority;
    use cuelight_dmx::sacn::{Cid, Data, MAX_DATAGRAM, Options, Packet, Page, SourceName, StartCode, Sync, Universe};
    use proptest::prelude::*;
    use sacn::packet::{
        AcnRootLayerProtocol, DataPacketDmpLayer, DataPacketFramingLayer, E131RootLayer, E131RootLayerData,
        SynchronizationPacketFramingLayer, UniverseDiscoveryPacketFramingLayer,
        UniverseDiscoveryPacketUniverseDiscoveryLayer,
    };
    use uuid::Uuid;

    fn universe(number: u16) -> Universe {
        Universe::new(number).unwrap()
    }

    fn theirs(cid: [u8; 16], data: E131RootLayerData<'_>) -> AcnRootLayerProtocol<'_> {
        AcnRootLayerProtocol { pdu: E131RootLayer { cid: Uuid::from_bytes(cid), data } }
    }

    /// Both ways: ours is theirs, byte for byte, and each reads the other's.
    fn agree(ours: &[u8], theirs: &AcnRootLayerProtocol<'_>) {
        assert_eq!(AcnRootLayerProtocol::parse(ours).unwrap(), *theirs);
        assert_eq!(theirs.pack_alloc().unwrap(), ours);
    }

    proptest! {
        /// DMX-1
        #[test]
        fn data_packets_are_the_same(
            cid: [u8; 16], name in "[a-zäöü ]{0,31}", priority in 0..=200_u8, sync in 0..=63_999_u16, sequence: u8,
            options: (bool, bool, bool), number in 1..=63_999_u16, start_code: u8,
            slots in prop::collection::vec(any::<u8>(), 0..=512),
        ) {
            let (is_preview, is_terminated, is_forced) = options;
            let data = Data {
                cid: Cid(cid),
                source_name: SourceName::new(&name),
                priority: Priority::new(priority).unwrap(),
                sync: Universe::new(sync),
                sequence,
                options: Options { is_preview, is_terminated, is_forced },
                universe: universe(number),
                start_code: StartCode(start_code),
                slots: &slots,
            };
            let mut buf = [0; MAX_DATAGRAM];
            let len = data.encode(&mut buf).unwrap();
            let values = [&[start_code], &slots[..]].concat();
            let framing = DataPacketFramingLayer {
                source_name: data.source_name.as_str().into(),
                priority,
                synchronization_address: sync,
                sequence_number: sequence,
                preview_data: is_preview,
                stream_terminated: is_terminated,
                force_synchronization: is_forced,
                universe: number,
                data: DataPacketDmpLayer { property_values: values.into() },
            };
            let theirs = theirs(cid, E131RootLayerData::DataPacket(framing));
            agree(&buf[..len], &theirs);
            let packed = theirs.pack_alloc().unwrap();
            prop_assert_eq!(Packet::decode(&packed), Ok(Packet::Data(data)));
        }

        /// DMX-1
        #[test]
        fn synchronisation_packets_are_the_same(cid: [u8; 16], sequence: u8, address in 1..=63_999_u16) {
            let sync = Sync { cid: Cid(cid), sequence, address: universe(address) };
            let mut buf = [0; Sync::LEN];
            sync.encode(&mut buf).unwrap();
            let framing = SynchronizationPacketFramingLayer { sequence_number: sequence, synchronization_address: address };
            agree(&buf, &theirs(cid, E131RootLayerData::SynchronizationPacket(framing)));
        }

        /// DMX-4
        #[test]
        fn pages_of_universes_are_the_same(
            cid: [u8; 16], last: u8, page: u8, numbers in prop::collection::btree_set(1..=63_999_u16, 0..=512),
        ) {
            let page = page.min(last);
            let universes: Vec<Universe> = numbers.iter().map(|number| universe(*number)).collect();
            let ours = Page { cid: Cid(cid), source_name: SourceName::new("desk"), page, last, universes: &universes };
            let mut buf = [0; Page::MAX_LEN];
            let len = ours.encode(&mut buf).unwrap();
            let list = numbers.into_iter().collect::<Vec<u16>>();
            let framing = UniverseDiscoveryPacketFramingLayer {
                source_name: "desk".into(),
                data: UniverseDiscoveryPacketUniverseDiscoveryLayer { page, last_page: last, universes: list.into() },
            };
            agree(&buf[..len], &theirs(cid, E131RootLayerData::UniverseDiscoveryPacket(framing)));
        }
    }
}

mod artnet_crate {
    use artnet_protocol::{ArtCommand, FrameType, Output, PollReply, Timecode};
    use cuelight_dmx::artnet::{
        Dmx, GoodOutput, Packet, Poll, PollFlags, PortAddress, PortType, Rate, Sequence, TimeCode,
    };
    use cuelight_dmx::text::Text;
    use proptest::prelude::*;

    proptest! {
        /// DMX-6
        #[test]
        fn levels_are_the_same(
            sequence: u8, physical: u8, address in 0..=0x7FFF_u16, pairs in prop::collection::vec(any::<[u8; 2]>(), 1..=256),
        ) {
            let slots = pairs.as_flattened();
            let port_address = PortAddress::new(address).unwrap();
            let ours = Dmx { sequence: Sequence(sequence), physical, port_address, slots };
            let mut buf = [0; Dmx::MAX_LEN];
            let len = ours.encode(&mut buf).unwrap();
            let ArtCommand::Output(read) = ArtCommand::from_buffer(&buf[..len]).unwrap() else { panic!("it is ArtDmx") };
            prop_assert_eq!((read.sequence, read.physical), (sequence, physical));
            prop_assert_eq!(u16::from(read.port_address), address);
            prop_assert_eq!(read.data.as_ref(), slots);
            let theirs = Output {
                sequence,
                physical,
                port_address: address.try_into().unwrap(),
                data: slots.to_vec().into(),
                ..Output::default()
            };
            prop_assert_eq!(ArtCommand::Output(theirs).write_to_buffer().unwrap(), &buf[..len]);
        }
    }

    /// DMX-6, DMX-7: theirs is the short one.
    #[test]
    fn polls_are_understood_both_ways() {
        let ours = Poll { flags: PollFlags::REPLY_ON_CHANGE, diagnostics_from: 0x40, targets: None, esta: 1, oem: 2 };
        let mut buf = [0; Poll::LEN];
        ours.encode(&mut buf).unwrap();
        let ArtCommand::Poll(read) = ArtCommand::from_buffer(&buf).unwrap() else { panic!("it is ArtPoll") };
        assert_eq!((read.version, read.talk_to_me.bits(), read.diagnostics_priority), ([0, 14], 0x02, 0x40));
        let theirs = ArtCommand::Poll(artnet_protocol::Poll::default()).write_to_buffer().unwrap();
        assert_eq!(theirs.len(), 14);
        let Ok(Packet::Poll(read)) = Packet::decode(&theirs) else { panic!("it is ArtPoll") };
        assert_eq!((read.flags, read.diagnostics_from, read.targets), (PollFlags::NONE, 0x80, None));
    }

    /// DMX-6, DMX-9
    #[test]
    fn replies_are_understood_both_ways() {
        let ours = cuelight_dmx::artnet::PollReply {
            ip: [10, 0, 0, 7],
            net: 3,
            sub_net: 4,
            port_name: Text::new("door"),
            report: Text::new("#0001 [0001] running"),
            ports: 1,
            port_types: [PortType::DMX_OUTPUT, PortType(0), PortType(0), PortType(0)],
            good_output: [GoodOutput::DATA, GoodOutput(0), GoodOutput(0), GoodOutput(0)],
            outputs: [5, 0, 0, 0],
            mac: [1, 2, 3, 4, 5, 6],
            bind_index: 2,
            ..cuelight_dmx::artnet::PollReply::default()
        };
        let mut buf = [0; 239];
        ours.encode(&mut buf).unwrap();
        let ArtCommand::PollReply(read) = ArtCommand::from_buffer(&buf).unwrap() else { panic!("it is a reply") };
        assert_eq!((read.address.octets(), read.port, read.port_address), ([10, 0, 0, 7], 6454, [3, 4]));
        assert_eq!((read.port_types, read.good_output), ([0x80, 0, 0, 0], [0x80, 0, 0, 0]));
        assert_eq!(
            (&read.short_name[..5], read.swout, read.mac, read.bind_index),
            (&b"door\0"[..], [5, 0, 0, 0], [1, 2, 3, 4, 5, 6], 2)
        );

        let theirs =
            PollReply { swout: [7, 0, 0, 0], port_types: [0x80, 0, 0, 0], bind_index: 9, ..PollReply::default() };
        let bytes = ArtCommand::PollReply(Box::new(theirs)).write_to_buffer().unwrap();
        let Ok(Packet::PollReply(read)) = Packet::decode(&bytes) else { panic!("it is a reply") };
        assert_eq!((read.outputs, read.bind_index), ([7, 0, 0, 0], 9));
        assert_eq!(read.output_addresses().next(), PortAddress::new(7));
    }

    /// DMX-6
    #[test]
    fn time_codes_are_the_same() {
        let rates = [
            (Rate::Film, FrameType::Film),
            (Rate::Ebu, FrameType::EBU),
            (Rate::DropFrame, FrameType::DF),
            (Rate::Smpte, FrameType::SMPTE),
        ];
        for (rate, frame_type) in rates {
            let ours = TimeCode { stream: 1, hours: 23, minutes: 58, seconds: 57, frames: 16, rate };
            let mut buf = [0; TimeCode::LEN];
            ours.encode(&mut buf).unwrap();
            let theirs = Timecode {
                version: [0, 14],
                filler1: 0,
                stream_id: 1,
                frames: 16,
                seconds: 57,
                minutes: 58,
                hours: 23,
                frame_type,
            };
            let ArtCommand::OpTimeCode(read) = ArtCommand::from_buffer(&buf).unwrap() else {
                panic!("it is a time code")
            };
            assert_eq!((read.stream_id, read.hours, read.minutes, read.seconds, read.frames), (1, 23, 58, 57, 16));
            assert_eq!(read.frame_type, theirs.frame_type);
            assert_eq!(ArtCommand::OpTimeCode(theirs).write_to_buffer().unwrap(), buf);
        }
    }
}
