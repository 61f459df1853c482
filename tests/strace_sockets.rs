//! What `-y` and `-yy` say of sockets, and how messages to the kernel are told: as the strace that is
//! installed here tells them.

mod harness;

use std::ffi::OsStr;

use harness::{Failure, Room, Tracer, Verdict, call_guest, ensure, pass, strace};

/// The lines of the guest's own calls, with what differs from run to run taken out.
fn lines(text: &str, first: &str) -> Vec<String> {
    let first = text.lines().position(|line| line.starts_with(first)).unwrap_or_default();
    text.lines().skip(first).filter(|line| !line.starts_with("mmap(") && !line.starts_with("brk(")).map(alike).collect()
}

/// Names that strace 6.1 does not have yet, with their numbers and what it says instead.
const NEWER: [(&str, &str, &str); 8] = [
    ("IFLA_DEVLINK_PORT", "0x3e", "IFLA_???"),
    ("IFLA_GSO_IPV4_MAX_SIZE", "0x3f", "IFLA_???"),
    ("IFLA_GRO_IPV4_MAX_SIZE", "0x40", "IFLA_???"),
    ("IFLA_DPLL_PIN", "0x41", "IFLA_???"),
    ("IFLA_MAX_PACING_OFFLOAD_HORIZON", "0x42", "IFLA_???"),
    ("IFLA_NETNS_IMMUTABLE", "0x43", "IFLA_???"),
    ("DEVCONF_ACCEPT_RA_MIN_LFT", "58", "DEVCONF_???"),
    ("ICMP6_MIB_RATELIMITHOST", "6", "ICMP6_MIB_???"),
];

/// Inodes, ports, ids and addresses are numbers of five digits and more, or begin with `0x`; who has which
/// inode is told by the order in which they come.
fn alike(line: &str) -> String {
    let mut line = line.split_whitespace().collect::<Vec<_>>().join(" ");
    for (name, number, unknown) in NEWER {
        line =
            line.replace(&format!("{number} /* {name} */"), name).replace(name, &format!("{number} /* {unknown} */"));
    }
    // A neighbour may be another one at any time.
    if let Some((told, _)) = line.split_once("ndm_state=").filter(|_| line.starts_with("recv")) {
        return told.split_once("nlmsg_len=").map_or(told, |parts| parts.0).to_owned();
    }
    let counts = line.contains("rx_packets=");
    let mut out = String::new();
    let mut rest = line.as_str();
    while let Some(c) = rest.chars().next() {
        let hex = rest.strip_prefix("0x").map_or(0, |hex| 2 + hex.bytes().take_while(u8::is_ascii_hexdigit).count());
        let digits = rest.bytes().take_while(u8::is_ascii_digit).count();
        let port = ["htons(", "127.0.0.1:", "ROUTE:", "nlmsg_pid=", "<pid:", "pidfd_open(", "getpid() = "]
            .iter()
            .find_map(|word| rest.strip_prefix(word));
        let interface = rest.strip_prefix("if_nametoindex(").and_then(|behind| behind.split_once(')'));
        let index =
            ["_index=", "_ifindex=", "RTA_OIF}, ", "RTA_OIF */}, "].iter().find_map(|word| rest.strip_prefix(word));
        if let Some((_, behind)) = interface {
            out.push('N');
            rest = behind;
        } else if let Some(behind) = index.filter(|behind| behind.starts_with(|c: char| c.is_ascii_digit())) {
            out.push_str(&rest[..rest.len() - behind.len()]);
            out.push('N');
            rest = behind.trim_start_matches(|c: char| c.is_ascii_digit());
        } else if let Some(behind) = port {
            out.push_str(&rest[..rest.len() - behind.len()]);
            out.push('N');
            rest = behind.trim_start_matches(|c: char| c.is_ascii_digit());
        } else if hex > 7 || digits > 4 || (counts && digits > 0) {
            out.push_str("NUMBER");
            rest = &rest[hex.max(digits)..];
        } else {
            out.push(c);
            rest = &rest[c.len_utf8()..];
        }
    }
    // In numbers, the name of an interface stands behind its own.
    out.replace("N /* N */", "N")
}

fn told(room: &Room, program: &OsStr, options: &[&str], guest: &str) -> Result<String, Failure> {
    room.sweep();
    let file = room.beside("told");
    let mut command = room.command(program);
    command.args(options).arg("-o").arg(&file).args(call_guest(guest));
    let outcome = room.finish(command)?;
    ensure!(outcome.code() == 0, "{}", outcome.shown());
    Ok(String::from_utf8_lossy(&std::fs::read(&file)?).into_owned())
}

fn as_strace_tells_it(tracer: &Tracer, options: &[&str], guest: &str, first: &str) -> Verdict {
    let room = Room::new();
    strace::must_be_here(&room)?;
    let theirs = lines(&told(&room, OsStr::new("strace"), options, guest)?, first);
    let ours = lines(&told(&room, tracer.program().as_os_str(), options, guest)?, first);
    ensure!(theirs.len() > 20, "strace saw little: {theirs:#?}");
    for (theirs, ours) in theirs.iter().zip(&ours) {
        ensure!(theirs == ours, "{options:?}:\nstrace: {theirs}\nours:   {ours}");
    }
    ensure!(theirs.len() == ours.len(), "{} lines of strace, {} of ours", theirs.len(), ours.len());
    Ok(())
}

fn sockets(tracer: &Tracer, options: &[&str]) -> Verdict {
    as_strace_tells_it(tracer, options, "socket_kinds", "socketpair(")
}

#[test]
fn sockets_without_notes() {
    pass(|tracer| sockets(tracer, &[]));
}

#[test]
fn sockets_with_links() {
    pass(|tracer| sockets(tracer, &["-y"]));
}

#[test]
fn sockets_with_addresses() {
    pass(|tracer| sockets(tracer, &["-yy"]));
}

#[test]
fn sockets_with_addresses_in_hex() {
    pass(|tracer| sockets(tracer, &["-yy", "-x", "-v"]));
}

/// Without strace at hand: both ends name each other, wherever a descriptor stands.
#[test]
fn peers_are_told_wherever_a_descriptor_stands() {
    pass(|tracer| {
        let text = told(&Room::new(), tracer.program().as_os_str(), &["-yy"], "socket_kinds")?;
        let line = |name: &str| text.lines().find(|line| line.starts_with(name)).unwrap_or_default();
        let pair = line("socketpair(").split(['[', ']', '<', '>', '-', ':']).filter(|part| part.len() > 4);
        let inodes: Vec<&str> = pair.filter(|part| part.bytes().all(|byte| byte.is_ascii_digit())).collect();
        ensure!(inodes.len() == 4 && (inodes[0], inodes[1]) == (inodes[3], inodes[2]), "{}", line("socketpair("));
        let one = format!("<UNIX-STREAM:[{}->{}]>", inodes[0], inodes[1]);
        for call in ["poll(", "select(", "pselect6(", "epoll_ctl(", "sendmsg("] {
            let line = line(call);
            ensure!(line.is_empty() || line.contains(&one), "{one} is not in: {line}");
        }
        let path = r#","a \"b\"\n"]>"#;
        ensure!(line("recvmsg(").contains(path), "{path} is not in: {}", line("recvmsg("));
        ensure!(text.contains("<NETLINK:[ROUTE:"), "no netlink socket: {text}");
        ensure!(text.contains("{nlmsg_len=16, nlmsg_type=RTM_GETLINK, nlmsg_flags=NLM_F_REQUEST|NLM_F_ACK"), "{text}");
        Ok(())
    });
}

/// What NETLINK_ROUTE says of the machine. Names of interfaces are looked up by strace where it shows them.
fn routes(tracer: &Tracer, options: &[&str]) -> Verdict {
    as_strace_tells_it(tracer, options, "routes", "socket(")
}

#[test]
fn messages_of_links_addresses_routes_and_neighbours() {
    pass(|tracer| routes(tracer, &[]));
}

#[test]
fn whole_messages_of_links_addresses_routes_and_neighbours() {
    pass(|tracer| routes(tracer, &["-v", "-s", "4096"]));
}

#[test]
fn messages_of_links_addresses_routes_and_neighbours_in_numbers() {
    pass(|tracer| routes(tracer, &["-X", "verbose"]));
}
