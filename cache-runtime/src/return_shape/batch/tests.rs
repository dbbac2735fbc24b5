//! Batches that are split and joined: whatever a load returns, each id has its own rows.

use std::{
    cell::RefCell,
    collections::{BTreeMap, HashMap},
};

use proptest::{collection::vec, prelude::*};

use super::{LoadedList, LoadedRows, Place, Rows, Split, unique_ids};

/// The number of the row, and its id.
type Row = (u32, u32);

fn by_id(row: &Row, ids: &Place<'_, u32>) -> Option<usize> {
    ids.of_id(&row.1)
}

/// Loads the ids for which `cached` has no answer, and joins all answers.
fn call<R: Rows<u32>>(
    rows: &R,
    ids: &[u32],
    cached: impl Fn(u32) -> Option<R::Stored>,
    load: impl FnOnce(&[u32]) -> R::Output,
) -> R::Output {
    let unique = unique_ids(ids);
    let mut answers: Vec<_> = unique.iter().map(|&at| cached(ids[at])).collect();
    let missing: Vec<_> = (0..unique.len()).filter(|&at| answers[at].is_none()).collect();
    let asked: Vec<_> = missing.iter().map(|&at| ids[unique[at]]).collect();
    let Split { rows: loaded, unmatched } = match rows.split(load(&asked), &asked) {
        Ok(split) => split,
        Err(output) => return output,
    };
    assert_eq!(loaded.len(), asked.len());
    for (at, loaded) in missing.into_iter().zip(loaded) {
        answers[at] = loaded;
    }
    rows.join(ids, &unique, answers, unmatched)
}

fn load<O: LoadedRows<u32>>(ids: &[u32], load: impl FnOnce(&[u32]) -> O) -> O {
    call(&O::Rows::default(), ids, |_| None, load)
}

fn name(id: u32) -> String {
    format!("row {id}")
}

#[test]
fn each_id_has_one_answer() {
    assert_eq!(unique_ids(&[7, 8, 7, 9, 9, 7]), [0, 1, 3]);
    assert!(unique_ids::<u32>(&[]).is_empty());
}

#[test]
fn a_map_has_the_rows_that_there_are_and_what_was_loaded_with_them() {
    let loaded = HashMap::from([(7, name(7)), (9, name(9)), (100, name(100))]);
    let found = load(&[7, 8, 7, 9], |asked| {
        assert_eq!(asked, [7, 8, 9]);
        loaded.clone()
    });
    assert_eq!(found, loaded);
    let loaded = BTreeMap::from([(8, name(8)), (100, name(100))]);
    assert_eq!(load(&[7, 8], |_| loaded.clone()), loaded);
}

#[test]
fn a_map_gives_no_answer_of_another_id() {
    type Loaded = HashMap<u32, u32>;
    let rows = <Loaded as LoadedRows<u32>>::Rows::default();
    let Ok(split) = rows.split(HashMap::from([(1, 10), (3, 30)]), &[1, 2]) else { panic!() };
    assert_eq!(split, Split { rows: vec![Some(Some(10)), Some(None)], unmatched: vec![(3, 30)] });
    // What the caller has from the cache is not taken from it, nor replaced.
    let cached = |id| HashMap::from([(1, Some(11)), (2, None)]).get(&id).copied();
    let found = call(&rows, &[1, 2, 3], cached, |_| HashMap::from([(1, 0), (2, 0), (3, 30)]));
    assert_eq!(found, HashMap::from([(1, 11), (3, 30)]));
}

#[test]
fn pairs_are_in_the_order_of_the_ids() {
    let found = load(&[9, 7, 9, 8], |_| vec![(7, name(7)), (8, name(8)), (9, name(9))]);
    assert_eq!(found, [(9, name(9)), (7, name(7)), (8, name(8))]);
    let found = load(&[1, 2], |_| vec![(2, 'a'), (1, 'b'), (2, 'c'), (3, 'd')]);
    assert_eq!(found, [(1, 'b'), (2, 'a'), (2, 'c'), (3, 'd')]);
}

#[test]
fn as_many_rows_as_ids_in_another_order_are_told_apart() {
    let rows = Vec::<Row>::by_id(by_id);
    let loaded = vec![(20, 2), (30, 3), (10, 1)];
    let Ok(split) = rows.split(loaded.clone(), &[1, 2, 3]) else { panic!() };
    assert_eq!(split.rows, [Some(Some((10, 1))), Some(Some((20, 2))), Some(Some((30, 3)))]);
    assert_eq!(call(&rows, &[1, 2, 3], |_| None, |_| loaded), [(10, 1), (20, 2), (30, 3)]);
}

#[test]
fn of_two_rows_where_one_is_expected_neither_is_stored() {
    let rows = Vec::<Row>::by_id(by_id);
    let Ok(split) = rows.split(vec![(1, 1), (2, 9), (3, 1), (4, 2)], &[1, 2, 3]) else { panic!() };
    let unmatched = vec![(1, 1), (2, 9), (3, 1)];
    assert_eq!(split, Split { rows: vec![None, Some(Some((4, 2))), Some(None)], unmatched });
}

#[test]
fn a_group_has_all_rows_of_its_id_and_may_have_none() {
    let rows = Result::<Vec<Row>, &str>::by_group(by_id);
    let loaded = vec![(1, 1), (2, 3), (3, 1), (4, 9)];
    let Ok(split) = rows.split(Ok(loaded), &[1, 2, 3]) else { panic!() };
    let groups = vec![Some(vec![(1, 1), (3, 1)]), Some(vec![]), Some(vec![(2, 3)])];
    assert_eq!(split, Split { rows: groups, unmatched: vec![(4, 9)] });
    assert_eq!(rows.split(Err("no database"), &[1]), Err(Err("no database")));
}

#[test]
fn an_error_has_no_rows() {
    let failed = load(&[7], |_| Err::<HashMap<u32, u32>, _>("no database"));
    assert_eq!(failed, Err("no database"));
    let loaded = load(&[7, 7], |_| Ok::<_, String>(vec![(7, 70)]));
    assert_eq!(loaded, Ok(vec![(7, 70)]));
}

/// A cache under ids, and a source of whatever.
#[derive(Debug, Default)]
struct Stored<T>(RefCell<HashMap<u32, T>>);

impl<T: Clone> Stored<T> {
    fn get(&self, id: u32) -> Option<T> {
        self.0.borrow().get(&id).cloned()
    }

    fn fill<R: Rows<u32, Stored = T>>(&self, rows: &R, output: R::Output, asked: &[u32]) {
        let Ok(Split { rows, .. }) = rows.split(output, asked) else { panic!("it has rows") };
        let stored = asked.iter().zip(rows).filter_map(|(id, row)| Some((*id, row?)));
        self.0.borrow_mut().extend(stored);
    }
}

fn sorted<T: Ord>(mut rows: Vec<T>) -> Vec<T> {
    rows.sort();
    rows
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(512))]

    /// Ids are few, so that loads return too many rows, too few, the same ones twice, and those of other ids.
    #[test]
    fn nothing_is_stored_under_an_id_but_its_own_rows(
        ids in vec(0_u32..6, 0..8),
        loaded in vec(0_u32..8, 0..12),
    ) {
        let loaded: Vec<Row> = loaded.into_iter().zip(0..).map(|(id, number)| (number, id)).collect();
        let asked: Vec<u32> = unique_ids(&ids).into_iter().map(|at| ids[at]).collect();
        let of = |id: u32| loaded.iter().filter(move |row| row.1 == id).copied().collect::<Vec<_>>();

        let (one, many) = (Stored::default(), Stored::default());
        let (by_one, by_group) = (Vec::<Row>::by_id(by_id), Vec::<Row>::by_group(by_id));
        one.fill(&by_one, loaded.clone(), &asked);
        many.fill(&by_group, loaded.clone(), &asked);
        for &id in &asked {
            let one = one.get(id);
            match of(id)[..] {
                [] => prop_assert_eq!(one, Some(None)),
                [row] => prop_assert_eq!(one, Some(Some(row))),
                _ => prop_assert_eq!(one, None),
            }
            prop_assert_eq!(many.get(id), Some(of(id)));
        }
        prop_assert_eq!(one.0.borrow().keys().filter(|id| !asked.contains(id)).count(), 0);

        // A call that loads everything returns every row as it was loaded, and none twice.
        for found in [
            call(&by_one, &ids, |_| None, |_| loaded.clone()),
            call(&by_group, &ids, |_| None, |_| loaded.clone()),
        ] {
            prop_assert_eq!(sorted(found), sorted(loaded.clone()));
        }
        // One that finds some in the cache has those, and no row of them besides.
        let cached = |id: u32| id.is_multiple_of(2).then(|| many.get(id)).flatten();
        let found = call(&by_group, &ids, cached, |_| loaded.clone());
        prop_assert_eq!(sorted(found), sorted(loaded.clone()));
    }

    #[test]
    fn pairs_and_maps_agree_with_a_list(ids in vec(0_u32..6, 0..8), loaded in vec(0_u32..8, 0..6)) {
        let pairs: Vec<(u32, u32)> = loaded.into_iter().zip(0..).collect();
        let map: BTreeMap<u32, u32> = pairs.iter().copied().collect();
        let once: Vec<(u32, u32)> = map.clone().into_iter().collect();
        let of_pairs = sorted(load(&ids, |_| once.clone()));
        let of_map: Vec<_> = load(&ids, |_| map.clone()).into_iter().collect();
        prop_assert_eq!(&of_pairs, &of_map);
        prop_assert_eq!(sorted(load(&ids, |_| pairs.clone())), sorted(pairs));
    }
}
