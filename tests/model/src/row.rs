//! The row of the database: which version it holds, and which versions nobody may miss.

use std::fmt;

/// A version of the row, and so a value.
pub(super) type Version = u8;

/// A row, whose version each committed write makes one greater.
#[derive(Clone, Copy, PartialEq, Debug, Default)]
pub(super) struct Row {
    /// What the database holds.
    pub(super) version: Version,
    /// The newest version that no read may miss which begins now.
    pub(super) in_force: Version,
    /// The newest version that must not be missing once all has come to rest.
    pub(super) kept: Version,
}

/// What must never happen.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Violation {
    /// A caller is handed a version older than one that was in force when it called.
    Handed { version: Version, in_force: Version },
    /// The store holds a version older than one in force, and the next read will find it good.
    Held { version: Version, in_force: Version },
    /// Nothing runs any more, and the store holds a version, good, that is older than one to be kept.
    Rest { version: Version, kept: Version },
    /// A write was accepted, is not in the database yet, and is not to be seen.
    Lost,
    /// A version is served from a process' copies, where nothing older than another may be.
    Copied { version: Version, least: Version },
    /// A value is served from a process' copies that the server would have let expire.
    Outlived,
}

impl Row {
    /// A write is committed. It is in force from now on if its fence `stands`, and to be kept if somebody
    /// `promises` that even for the writer's death.
    pub(super) fn commit(&mut self, stands: bool, promises: bool) -> Version {
        self.version += 1;
        if promises {
            self.kept = self.version;
        }
        if stands {
            self.in_force = self.version;
        }
        self.version
    }

    /// A write's last step has been taken.
    pub(super) fn acknowledge(&mut self, version: Version) {
        self.in_force = self.in_force.max(version);
        self.kept = self.kept.max(version);
    }

    /// Checks what the next read would find good.
    pub(super) fn check(&self, found: Version, at_rest: bool) -> Result<(), Violation> {
        if found < self.in_force {
            return Err(Violation::Held { version: found, in_force: self.in_force });
        }
        if found < self.kept && at_rest {
            return Err(Violation::Rest { version: found, kept: self.kept });
        }
        Ok(())
    }
}

impl fmt::Display for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Violation::Handed { version, in_force } => write!(
                f,
                "A caller is handed version {version}, which called when version {in_force} was in force."
            ),
            Violation::Held { version, in_force } => {
                write!(
                    f,
                    "The next read will find version {version}; version {in_force} is in force."
                )
            }
            Violation::Lost => {
                f.write_str("A write was accepted, is not in the database, and is not to be seen.")
            }
            Violation::Copied { version, least } => {
                write!(
                    f,
                    "A copy of version {version} is served, where version {least} is the oldest that may be."
                )
            }
            Violation::Outlived => {
                f.write_str("A copy is served that the server would have let expire.")
            }
            Violation::Rest { version, kept } => {
                write!(
                    f,
                    "All is at rest, and the next read will find version {version}, not {kept}."
                )
            }
        }
    }
}
