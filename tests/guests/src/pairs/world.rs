//! run3, fetch, config.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::{Error, ErrorKind, Read, Result, Write};
use std::net::TcpStream;
use std::process::{Command, ExitCode};

use crate::marker::is;

/// a: does not start tr; b: another argument to sort.
pub fn run3() -> Result<ExitCode> {
    let code = |command: &mut Command| -> Result<i32> { Ok(command.status()?.code().unwrap_or(-1)) };
    let order = if is("run3-b") { "-n" } else { "-r" };
    let sort = code(Command::new("sort").args([order, "in1"]))?;
    let tr = if is("run3-a") { 0 } else { code(Command::new("tr").args(["1", "2"]).stdin(File::open("in1")?))? };
    let no = code(&mut Command::new("false"))?;
    println!("{sort} {tr} {no}");
    Ok(ExitCode::SUCCESS)
}

/// a: another path; b: stores the header too.
pub fn fetch(args: &[String]) -> Result<ExitCode> {
    let port: u16 = args.first().and_then(|port| port.parse().ok()).ok_or(ErrorKind::InvalidInput)?;
    let mut server = TcpStream::connect(("127.0.0.1", port))?;
    let path = if is("fetch-a") { "/in2" } else { "/in1" };
    server.write_all(format!("GET {path} HTTP/1.0\r\n\r\n").as_bytes())?;
    let mut reply = Vec::new();
    server.read_to_end(&mut reply)?;
    let end = reply.windows(4).position(|window| window == b"\r\n\r\n").ok_or(Error::other("no header"))?;
    fs::write("body", if is("fetch-b") { &reply } else { &reply[end + 4..] })?;
    Ok(ExitCode::SUCCESS)
}

/// a: the environment beats the argument; b: warns on stderr.
pub fn config(args: &[String]) -> Result<ExitCode> {
    let text = fs::read_to_string("settings")?;
    let pairs = |words: &mut dyn Iterator<Item = &str>| -> Vec<(String, String)> {
        words.filter_map(|word| word.split_once('=')).map(|(name, value)| (name.into(), value.into())).collect()
    };
    let given = ["color", "depth", "user"]
        .iter()
        .filter_map(|name| Some(((*name).to_owned(), std::env::var(format!("TOOL_{}", name.to_uppercase())).ok()?)));
    let (environment, arguments) = (given.collect::<Vec<_>>(), pairs(&mut args.iter().map(String::as_str)));
    let mut settings: BTreeMap<String, String> = pairs(&mut text.lines()).into_iter().collect();
    if is("config-a") {
        settings.extend(arguments.into_iter().chain(environment));
    } else {
        settings.extend(environment.into_iter().chain(arguments));
    }
    if is("config-b") {
        eprintln!("config: settings read");
    }
    print!("{}", settings.iter().map(|(name, value)| format!("{name}={value}\n")).collect::<String>());
    Ok(ExitCode::SUCCESS)
}
