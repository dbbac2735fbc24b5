//! Batches that are split and joined, with repeated ids and missing rows.

use std::collections::{BTreeMap, HashMap};

use super::{LoadedRows, Rows, UniqueIds};

/// Loads each id once, splits the output, and joins it again.
fn there_and_back<O: LoadedRows<u32>>(ids: &[u32], load: impl FnOnce(&[u32]) -> O) -> Result<O, O> {
    let unique = UniqueIds::of(ids);
    let asked: Vec<u32> = unique.ids.iter().map(|&at| ids[at]).collect();
    let rows = O::Rows::split(load(&asked), &asked)?;
    assert_eq!(rows.len(), asked.len());
    Ok(O::Rows::join(ids, &unique.rows, rows))
}

fn name(id: u32) -> String {
    format!("row {id}")
}

#[test]
fn each_id_has_one_row() {
    let unique = UniqueIds::of(&[7, 8, 7, 9, 9, 7]);
    assert_eq!(unique.rows, [0, 1, 0, 2, 2, 0]);
    assert_eq!(unique.ids, [0, 1, 3]);
    assert!(UniqueIds::of::<u32>(&[]).rows.is_empty());
}

#[test]
fn a_map_has_the_rows_that_there_are_and_no_others() {
    let load = |asked: &[u32]| {
        assert_eq!(asked, [7, 8, 9]);
        HashMap::from([(7, name(7)), (9, name(9)), (100, name(100))])
    };
    let expected = HashMap::from([(7, name(7)), (9, name(9))]);
    assert_eq!(there_and_back(&[7, 8, 7, 9], load), Ok(expected));
    let load = |_: &[u32]| BTreeMap::from([(8, name(8)), (100, name(100))]);
    assert_eq!(there_and_back(&[7, 8], load), Ok(BTreeMap::from([(8, name(8))])));
}

#[test]
fn a_list_is_in_the_order_of_the_ids() {
    let load = |asked: &[u32]| asked.iter().copied().map(name).collect::<Vec<_>>();
    assert_eq!(there_and_back(&[9, 7, 8], load), Ok(vec![name(9), name(7), name(8)]));
    let twice = vec![name(9), name(7), name(9), name(9)];
    assert_eq!(there_and_back(&[9, 7, 9, 9], load), Ok(twice));
}

#[test]
fn an_error_has_no_rows() {
    let failed = there_and_back(&[7], |_| Err::<HashMap<u32, u32>, _>("no database"));
    assert_eq!(failed, Err(Err("no database")));
    let loaded = there_and_back(&[7, 7], |_| Ok::<_, String>(vec![70]));
    assert_eq!(loaded, Ok(Ok(vec![70, 70])));
}

#[test]
#[should_panic(expected = "was asked for 2 rows and returned 1")]
fn a_list_that_cannot_be_lined_up_is_refused() {
    _ = there_and_back(&[7, 8], |_| vec![70]);
}
