//! Addresses of sockets: `struct sockaddr` as an endpoint.

use std::net::{Ipv4Addr, Ipv6Addr, SocketAddrV4, SocketAddrV6};

use super::word;

/// The families that have a form of their own.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Family {
    /// `AF_UNIX`.
    Unix,
    /// `AF_INET`.
    V4,
    /// `AF_INET6`.
    V6,
    /// Any other, by number.
    Other(u16),
}

/// One end of a connection.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Endpoint {
    /// Family.
    pub family: Family,
    /// `127.0.0.1:80`, `[::1]:80`, a path as it stands there, `@name` of an abstract socket, empty for an
    /// unnamed one; of another family `af16:` and its bytes in hex.
    pub text: Vec<u8>,
    /// Port of an internet address.
    pub port: Option<u16>,
}

impl Endpoint {
    /// From the bytes that a call gave or got (unix(7), ip(7), ipv6(7)); `None` when they are too few.
    pub fn from_sockaddr(bytes: &[u8]) -> Option<Endpoint> {
        let family = word(bytes, 0, 2)? as u16;
        let port = bytes.get(2..4).map(|port| u16::from_be_bytes([port[0], port[1]]));
        match family {
            1 => Some(Endpoint { family: Family::Unix, text: unix(bytes.get(2..)?), port: None }),
            2 => {
                let address: [u8; 4] = bytes.get(4..8)?.try_into().ok()?;
                let text = SocketAddrV4::new(Ipv4Addr::from(address), port?).to_string();
                Some(Endpoint { family: Family::V4, text: text.into_bytes(), port })
            }
            10 => {
                let address: [u8; 16] = bytes.get(8..24)?.try_into().ok()?;
                let scope = word(bytes, 24, 4).unwrap_or(0) as u32;
                let text = SocketAddrV6::new(Ipv6Addr::from(address), port?, 0, scope).to_string();
                Some(Endpoint { family: Family::V6, text: text.into_bytes(), port })
            }
            other => {
                let hex: String = bytes.iter().skip(2).map(|byte| format!("{byte:02x}")).collect();
                Some(Endpoint {
                    family: Family::Other(other),
                    text: format!("af{other}:{hex}").into_bytes(),
                    port: None,
                })
            }
        }
    }
}

/// An abstract name begins with NUL and may hold more of them; a path ends at its first.
fn unix(name: &[u8]) -> Vec<u8> {
    match name.split_first() {
        None => vec![],
        Some((0, [])) => vec![],
        Some((0, name)) if name.iter().all(|byte| *byte == 0) => vec![],
        Some((0, name)) => [b"@", name].concat(),
        Some(_) => name.split(|byte| *byte == 0).next().unwrap_or_default().to_vec(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(bytes: &[u8]) -> Option<String> {
        Endpoint::from_sockaddr(bytes).map(|end| String::from_utf8(end.text).unwrap())
    }

    #[test]
    fn endpoints_read_as_people_write_them() {
        assert_eq!(text(&[2, 0, 0x1f, 0x90, 127, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0]).as_deref(), Some("127.0.0.1:8080"));
        let mut six = [0; 28];
        (six[0], six[3], six[23]) = (10, 80, 1);
        assert_eq!(text(&six).as_deref(), Some("[::1]:80"));
        assert_eq!(text(b"\x01\0/run/x\0\0\0").as_deref(), Some("/run/x"));
        assert_eq!(text(b"\x01\0\0name").as_deref(), Some("@name"));
        assert_eq!(text(&[1, 0]).as_deref(), Some(""));
        assert_eq!(text(&[16, 0, 0, 1]).as_deref(), Some("af16:0001"));
    }

    #[test]
    fn too_few_bytes_are_no_endpoint() {
        for bytes in [&[][..], &[2], &[2, 0, 0, 80, 127], &[10, 0, 0, 80, 0, 0, 0, 0, 1]] {
            assert_eq!(text(bytes), None, "{bytes:?}");
        }
    }
}
