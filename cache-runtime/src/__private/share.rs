//! Parameters that a closure over the value looks at and the body consumes: the body gets a clone.

/// A parameter, found out by autoref to be `Clone` or not.
#[derive(Debug)]
pub struct Shared<'a, T>(pub &'a T);

/// What can be cloned.
pub trait Share1 {
    /// What the body gets.
    type Body;
    /// Clones it.
    fn __cache_share(&self) -> Self::Body;
}

/// What cannot be cloned: the body borrows it.
pub trait Share0 {
    /// What the body gets.
    type Body;
    /// Borrows it.
    fn __cache_share(&self) -> Self::Body;
}

impl<T: Clone> Share1 for &Shared<'_, T> {
    type Body = T;

    fn __cache_share(&self) -> T {
        self.0.clone()
    }
}

impl<'a, T> Share0 for Shared<'a, T> {
    type Body = &'a T;

    fn __cache_share(&self) -> &'a T {
        self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// As an expansion does.
    macro_rules! share {
        ($of:expr) => {
            (&&Shared($of)).__cache_share()
        };
    }

    #[test]
    fn a_clone_where_there_is_one() {
        struct Alone(u8);
        let (text, alone) = (String::from("a"), Alone(1));
        let owned: String = share!(&text);
        let borrowed: &Alone = share!(&alone);
        assert_eq!((owned, borrowed.0), (text, 1));
    }
}
