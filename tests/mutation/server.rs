//! The server that guests ask: HTTP/1.0, one file `in1` and one `in2`, headers that change with the clock.

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::OnceLock;
use std::time::{SystemTime, UNIX_EPOCH};

/// Where it listens; nobody listens on the next port.
pub const PORT: u16 = 18231;

/// Starts it, once; why it can't be had otherwise.
pub fn start() -> Result<(), String> {
    static STARTED: OnceLock<Result<(), String>> = OnceLock::new();
    STARTED
        .get_or_init(|| {
            let listener = TcpListener::bind(("127.0.0.1", PORT)).map_err(|error| format!("port {PORT}: {error}"))?;
            std::thread::spawn(move || listener.incoming().flatten().for_each(answer));
            Ok(())
        })
        .clone()
}

fn answer(mut stream: TcpStream) {
    let mut request = Vec::new();
    let mut buffer = [0; 512];
    while !request.windows(4).any(|window| window == b"\r\n\r\n") {
        match stream.read(&mut buffer) {
            Ok(count) if count > 0 => request.extend_from_slice(&buffer[..count]),
            _ => return,
        }
    }
    let lines: Box<dyn Iterator<Item = u32>> =
        if request.starts_with(b"GET /in2 ") { Box::new((1..=400).rev()) } else { Box::new(1..=400) };
    let body: String = lines.map(|number| format!("{number}\n")).collect();
    let head = format!(
        "HTTP/1.0 200 OK\r\nServer: SimpleHTTP/0.6 Python/3.11.7\r\nDate: {}\r\n\
         Content-type: application/octet-stream\r\nContent-Length: {}\r\n\r\n",
        rfc1123(SystemTime::now()),
        body.len()
    );
    // In two writes: a reader gets them in one read or in two.
    let _ = stream.write_all(head.as_bytes()).and_then(|()| stream.write_all(body.as_bytes()));
}

/// `Sun, 29 Nov 2026 04:16:48 GMT`.
fn rfc1123(now: SystemTime) -> String {
    let seconds = now.duration_since(UNIX_EPOCH).expect("after 1970").as_secs();
    let (days, rest) = (seconds / 86400, seconds % 86400);
    let (year, month, day) = civil(days as i64);
    const DAYS: [&str; 7] = ["Thu", "Fri", "Sat", "Sun", "Mon", "Tue", "Wed"];
    const MONTHS: [&str; 12] = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
    format!(
        "{}, {day:02} {} {year} {:02}:{:02}:{:02} GMT",
        DAYS[(days % 7) as usize],
        MONTHS[month as usize - 1],
        rest / 3600,
        rest / 60 % 60,
        rest % 60
    )
}

/// Year, month, day of a number of days since 1970 (Hinnant, "chrono-compatible low-level date algorithms").
fn civil(days: i64) -> (i64, u32, u32) {
    let z = days + 719_468;
    let era = z.div_euclid(146_097);
    let doe = z.rem_euclid(146_097);
    let yoe = (doe - doe / 1460 + doe / 36524 - doe / 146_096) / 365;
    let doy = doe - (365 * yoe + yoe / 4 - yoe / 100);
    let mp = (5 * doy + 2) / 153;
    let month = if mp < 10 { mp + 3 } else { mp - 9 };
    (yoe + era * 400 + i64::from(month <= 2), month as u32, (doy - (153 * mp + 2) / 5 + 1) as u32)
}
