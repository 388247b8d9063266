"""google-cloud-storage, as its documentation begins: put, get, list."""
from google.cloud import storage

bucket = storage.Client().bucket("clients-bucket")
blob = bucket.blob("python/a b")
blob.upload_from_string("from python", content_type="text/plain")
assert bucket.blob("python/a b").download_as_bytes() == b"from python"
assert [b.name for b in bucket.list_blobs(prefix="python/")] == ["python/a b"]
