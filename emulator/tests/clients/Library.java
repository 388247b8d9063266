/* google-cloud-storage for Java, as its documentation begins: put, get, list,
 * compose, a resumable upload, a signed URL, a policy. */
import com.google.cloud.WriteChannel;
import com.google.cloud.storage.Blob;
import com.google.cloud.storage.BlobId;
import com.google.cloud.storage.BlobInfo;
import com.google.cloud.storage.Storage;
import com.google.cloud.storage.Storage.BlobListOption;
import com.google.cloud.storage.Storage.SignUrlOption;
import com.google.cloud.storage.StorageOptions;
import java.nio.ByteBuffer;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.TimeUnit;

public class Library {
	static final String BUCKET = "clients-bucket";
	static final Storage storage =
	    StorageOptions.getDefaultInstance().getService();

	static void is(boolean b, String what) {
		if (!b)
			throw new RuntimeException("not so: " + what);
	}

	static BlobInfo named(String name) {
		return BlobInfo.newBuilder(BUCKET, name).build();
	}

	static byte[] get(String name) {
		return storage.readAllBytes(BlobId.of(BUCKET, name));
	}

	public static void main(String[] args) throws Exception {
		byte[] small = "from java".getBytes(), big = new byte[2 << 20];
		int n = 0;

		Arrays.fill(big, (byte)7);
		storage.create(named("library/a b"), small);
		is(Arrays.equals(get("library/a b"), small), "get");
		try (WriteChannel w = storage.writer(named("library/big"))) {
			w.setChunkSize(512 << 10);
			w.write(ByteBuffer.wrap(big));
		}
		is(Arrays.equals(get("library/big"), big), "resumable");
		for (Blob b : storage.list(BUCKET, BlobListOption.pageSize(1),
		    BlobListOption.prefix("library/")).iterateAll())
			n++;
		is(n == 2, "list");
		is(storage.compose(Storage.ComposeRequest.of(BUCKET,
		    List.of("library/a b", "library/big"), "library/all"))
		    .getSize() == small.length + big.length, "compose");
		is(Arrays.equals(storage.signUrl(named("library/a b"), 1,
		    TimeUnit.MINUTES, SignUrlOption.withV4Signature())
		    .openStream().readAllBytes(), small), "signed URL");
		is(storage.testIamPermissions(BUCKET,
		    List.of("storage.objects.create")).get(0), "policy");
		is(storage.delete(BlobId.of(BUCKET, "library/all")), "delete");
	}
}
