//! The tenant key is rotated while the store is in use.

use crate::hospital::Hospital;

#[tokio::test]
async fn sealed_records_are_sealed_anew_beside_a_reader() {
    let hospital = Hospital::furnished().await;
    let serving = hospital.again().await;
    let sealed = hospital.store.sealed_records().await.unwrap();
    assert!(sealed > 0);
    let reseal = || hospital.store.reseal_records(|| {});
    assert_eq!(reseal().await.unwrap(), 0, "nothing was rotated");

    let rotation = hospital.vault.rotate_tenant().unwrap();
    rotation.rewrap_patient_keys(|| {}).unwrap();
    let mut seen = 0;
    let resealed = hospital.store.reseal_records(|| seen += 1).await.unwrap();
    assert_eq!((resealed, seen), (sealed, sealed));
    assert_eq!(reseal().await.unwrap(), 0);
    rotation.finish().unwrap();

    assert!(!serving.refresh(crate::hospital::now()).await.unwrap());
    let opened = hospital.again().await;
    let snapshots = [&hospital.store, &serving, &opened].map(|store| store.snapshot());
    let hashes = snapshots.map(|snapshot| snapshot.policies().hash());
    assert_eq!(hashes[0], hashes[1]);
    assert_eq!(hashes[1], hashes[2]);
}
