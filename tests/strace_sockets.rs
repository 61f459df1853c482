//! What `-y` and `-yy` say of sockets, and how messages to the kernel are told: as the strace that is
//! installed here tells them.

mod harness;

use std::ffi::OsStr;

use harness::{Failure, Room, Tracer, Verdict, call_guest, ensure, pass, strace};

/// The lines of the guest's own calls, with what differs from run to run taken out.
fn lines(text: &str) -> Vec<String> {
    let first = text.lines().position(|line| line.starts_with("socketpair(")).unwrap_or_default();
    text.lines().skip(first).filter(|line| !line.starts_with("mmap(") && !line.starts_with("brk(")).map(alike).collect()
}

/// Inodes, ports, ids and addresses are numbers of five digits and more, or begin with `0x`; who has which
/// inode is told by the order in which they come.
fn alike(line: &str) -> String {
    let line = line.split_whitespace().collect::<Vec<_>>().join(" ");
    let mut out = String::new();
    let mut rest = line.as_str();
    while let Some(c) = rest.chars().next() {
        let hex = rest.strip_prefix("0x").map_or(0, |hex| 2 + hex.bytes().take_while(u8::is_ascii_hexdigit).count());
        let digits = rest.bytes().take_while(u8::is_ascii_digit).count();
        let port = ["htons(", "127.0.0.1:", "ROUTE:", "nlmsg_pid=", "<pid:", "pidfd_open(", "getpid() = "]
            .iter()
            .find_map(|word| rest.strip_prefix(word));
        if let Some(behind) = port {
            out.push_str(&rest[..rest.len() - behind.len()]);
            out.push('N');
            rest = behind.trim_start_matches(|c: char| c.is_ascii_digit());
        } else if hex > 7 || digits > 4 {
            out.push_str("NUMBER");
            rest = &rest[hex.max(digits)..];
        } else {
            out.push(c);
            rest = &rest[c.len_utf8()..];
        }
    }
    out
}

fn told(room: &Room, program: &OsStr, options: &[&str]) -> Result<String, Failure> {
    room.sweep();
    let file = room.beside("told");
    let mut command = room.command(program);
    command.args(options).arg("-o").arg(&file).args(call_guest("socket_kinds"));
    let outcome = room.finish(command)?;
    ensure!(outcome.code() == 0, "{}", outcome.shown());
    Ok(String::from_utf8_lossy(&std::fs::read(&file)?).into_owned())
}

fn as_strace_tells_it(tracer: &Tracer, options: &[&str]) -> Verdict {
    let room = Room::new();
    strace::must_be_here(&room)?;
    let theirs = lines(&told(&room, OsStr::new("strace"), options)?);
    let ours = lines(&told(&room, tracer.program().as_os_str(), options)?);
    ensure!(theirs.len() > 30, "strace saw little: {theirs:#?}");
    for (theirs, ours) in theirs.iter().zip(&ours) {
        ensure!(theirs == ours, "{options:?}:\nstrace: {theirs}\nours:   {ours}");
    }
    ensure!(theirs.len() == ours.len(), "{} lines of strace, {} of ours", theirs.len(), ours.len());
    Ok(())
}

#[test]
fn sockets_without_notes() {
    pass(|tracer| as_strace_tells_it(tracer, &[]));
}

#[test]
fn sockets_with_links() {
    pass(|tracer| as_strace_tells_it(tracer, &["-y"]));
}

#[test]
fn sockets_with_addresses() {
    pass(|tracer| as_strace_tells_it(tracer, &["-yy"]));
}

#[test]
fn sockets_with_addresses_in_hex() {
    pass(|tracer| as_strace_tells_it(tracer, &["-yy", "-x", "-v"]));
}

/// Without strace at hand: both ends name each other, wherever a descriptor stands.
#[test]
fn peers_are_told_wherever_a_descriptor_stands() {
    pass(|tracer| {
        let text = told(&Room::new(), tracer.program().as_os_str(), &["-yy"])?;
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
