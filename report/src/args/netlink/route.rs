//! Links, addresses, routes and neighbours (rtnetlink(7)).

use syscalls::layout::{self, Layout};
use syscalls::names;

use super::super::kept::word;
use super::super::printer::Printer;
use super::super::string::Quoting;
use super::attributes::Attributes;
use super::attributes::Holds::{
    Address, Address6, Enum, Families, Flags, Hardware, Indexed, Interface, Nested, NetworkShort, Number, Signed,
    Structure, Text,
};
use crate::text::HexStrings;

/// Messages of one kind: their types, what stands at their beginning, and their attributes.
type Messages = (std::ops::RangeInclusive<u64>, &'static Layout, &'static Attributes);

static MESSAGES: &[Messages] = &[
    (16..=19, &layout::LINK_MESSAGE, &LINK),
    (20..=22, &layout::ADDRESS_MESSAGE, &ADDRESS),
    (24..=26, &layout::ROUTE_MESSAGE, &ROUTE),
    (28..=30, &layout::NEIGHBOUR_MESSAGE, &NEIGHBOUR),
    (58..=58, &layout::ADDRESS_MESSAGE, &ADDRESS),
    (62..=62, &layout::ADDRESS_MESSAGE, &ADDRESS),
];
/// A neighbour asked for by this family is a link.
const RTM_GETNEIGH: u64 = 30;
const AF_BRIDGE: u64 = 7;

static LINK: Attributes = Attributes {
    names: &names::LINK_ATTRIBUTES,
    holds: &[
        (1, Hardware),
        (2, Hardware),
        (3, Text),
        (4, Number(4)),
        (5, Number(4)),
        (6, Text),
        (7, Structure(&layout::LINK_COUNTS)),
        (10, Number(4)),
        (13, Number(4)),
        (14, Structure(&layout::LINK_MAP)),
        (15, Number(4)),
        (16, Number(1)),
        (17, Number(1)),
        (18, Nested(&LINK_INFO)),
        (19, Number(4)),
        (20, Text),
        (21, Number(4)),
        (23, Structure(&layout::LINK_COUNTS64)),
        (26, Families(&names::SOCKET_DOMAIN, &[(2, &INET), (10, &INET6)])),
        (27, Number(4)),
        (28, Signed),
        (29, Flags(&names::LINK_FILTER, 4)),
        (30, Number(4)),
        (31, Number(4)),
        (32, Number(4)),
        (33, Number(1)),
        (35, Number(4)),
        (37, Signed),
        (38, Text),
        (39, Number(1)),
        (40, Number(4)),
        (41, Number(4)),
        (43, Nested(&XDP)),
        (45, Signed),
        (46, Signed),
        (47, Number(4)),
        (48, Number(4)),
        (49, Interface),
        (50, Number(4)),
        (51, Number(4)),
        (52, Nested(&PROPERTIES)),
        (53, Text),
        (54, Hardware),
        (56, Text),
        (57, Text),
        (58, Number(4)),
        (59, Number(4)),
        (60, Number(4)),
        (61, Number(4)),
    ],
};
static PROPERTIES: Attributes = Attributes { names: &names::LINK_ATTRIBUTES, holds: &[(53, Text)] };
static LINK_INFO: Attributes = Attributes { names: &names::LINK_INFO, holds: &[(1, Text), (4, Text)] };
static XDP: Attributes = Attributes {
    names: &names::LINK_XDP,
    holds: &[
        (1, Signed),
        (2, Enum(&names::XDP_ATTACHED, 1)),
        (3, Flags(&names::XDP_LINK_FLAGS, 4)),
        (4, Number(4)),
        (5, Number(4)),
        (6, Number(4)),
        (7, Number(4)),
    ],
};
static INET: Attributes = Attributes { names: &names::LINK_INET, holds: &[(1, Indexed(&names::DEVCONF_INET, 4, 1))] };
static INET6: Attributes = Attributes {
    names: &names::LINK_INET6,
    holds: &[
        (1, Flags(&names::INET6_FLAGS, 4)),
        (2, Indexed(&names::DEVCONF_INET6, 4, 0)),
        (3, Indexed(&names::IP_COUNTS, 8, 0)),
        (5, Structure(&layout::INET6_TIMES)),
        (6, Indexed(&names::ICMP6_COUNTS, 8, 0)),
        (7, Address6),
        (8, Enum(&names::LINK_ADDRESS_MODE, 1)),
    ],
};
static ADDRESS: Attributes = Attributes {
    names: &names::ADDRESS_ATTRIBUTES,
    holds: &[
        (1, Address),
        (2, Address),
        (3, Text),
        (4, Address),
        (5, Address),
        (6, Structure(&layout::ADDRESS_TIMES)),
        (7, Address),
        (8, Flags(&names::ADDRESS_FLAGS, 4)),
        (9, Number(4)),
        (10, Signed),
    ],
};
static ROUTE: Attributes = Attributes {
    names: &names::ROUTE_ATTRIBUTES,
    holds: &[
        (1, Address),
        (2, Address),
        (3, Interface),
        (4, Interface),
        (5, Address),
        (6, Number(4)),
        (7, Address),
        (8, Nested(&METRICS)),
        (10, Number(4)),
        (11, Number(4)),
        (12, Structure(&layout::ROUTE_TIMES)),
        (14, Number(4)),
        (15, Enum(&names::ROUTE_TABLES, 4)),
        (16, Number(4)),
        (19, Address),
        (20, Number(1)),
        (23, Number(8)),
        (25, Number(4)),
        (26, Number(1)),
        (27, Number(1)),
        (28, Number(2)),
        (29, Number(2)),
    ],
};
static METRICS: Attributes = Attributes {
    names: &names::ROUTE_METRICS,
    holds: &[
        (1, Number(4)),
        (2, Number(4)),
        (3, Number(4)),
        (4, Number(4)),
        (5, Number(4)),
        (6, Number(4)),
        (7, Number(4)),
        (8, Number(4)),
        (9, Number(4)),
        (10, Number(4)),
        (11, Number(4)),
        (12, Number(4)),
        (13, Number(4)),
        (14, Number(4)),
        (15, Number(4)),
        (16, Text),
    ],
};
static NEIGHBOUR: Attributes = Attributes {
    names: &names::NEIGHBOUR_ATTRIBUTES,
    holds: &[
        (1, Address),
        (2, Hardware),
        (3, Structure(&layout::NEIGHBOUR_TIMES)),
        (4, Number(4)),
        (5, Number(2)),
        (6, NetworkShort),
        (7, Number(4)),
        (8, Interface),
        (9, Interface),
        (10, Number(4)),
        (11, Number(4)),
        (12, Enum(&names::SOCKET_PROTOCOL, 1)),
        (13, Number(4)),
        (16, Flags(&names::NEIGHBOUR_STATES, 2)),
        (17, Flags(&names::NEIGHBOUR_FLAGS, 1)),
    ],
};

impl Printer<'_, '_> {
    /// `{ifi_family=AF_UNSPEC, …}, [[{nla_len=…}, …], …]`: a message of this type, behind its head.
    pub(super) fn route_message(&mut self, kind: u64, body: &[u8]) {
        let family = word(body, 0, 1);
        let kind = if (kind, family) == (RTM_GETNEIGH, AF_BRIDGE) { 16 } else { kind };
        let Some((_, layout, attributes)) = MESSAGES.iter().find(|messages| messages.0.contains(&kind)) else {
            return self.route_family(family, body);
        };
        let size = layout.size as usize;
        if body.len() < size {
            self.fields(layout, body, 1);
            return;
        }
        self.fields(layout, body, usize::MAX);
        if let Some(rest) = body.get(size..).filter(|rest| !rest.is_empty()) {
            self.text(b", ");
            self.attributes(attributes, family, rest, 0);
        }
    }

    /// `{family=AF_UNSPEC, data="\x00"}`: of a message that is not laid out.
    fn route_family(&mut self, family: u64, body: &[u8]) {
        self.text(b"{family=");
        self.name(&names::SOCKET_DOMAIN, family);
        if let Some(rest) = body.get(1..).filter(|rest| !rest.is_empty()) {
            self.text(b", data=");
            let shown = rest.get(..self.string_limit()).unwrap_or(rest);
            Quoting::quoted(HexStrings::All).write(self.out, shown);
            if shown.len() < rest.len() {
                self.text(b"...");
            }
        }
        self.text(b"}");
    }
}
