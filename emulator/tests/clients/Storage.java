/* The Java platform's own client and trust store: a token by a service
 * account's key, an object put and read back. */
import java.net.URI;
import java.net.URLEncoder;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.KeyFactory;
import java.security.Signature;
import java.security.spec.PKCS8EncodedKeySpec;
import java.util.Base64;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

public class Storage {
	static final HttpClient http = HttpClient.newHttpClient();

	static String field(String json, String name) {
		Matcher m = Pattern.compile("\"" + name +
		    "\"\\s*:\\s*\"([^\"]*)\"").matcher(json);
		if (!m.find())
			throw new RuntimeException("no " + name);
		return m.group(1);
	}

	static String b64(byte[] b) {
		return Base64.getUrlEncoder().withoutPadding().encodeToString(b);
	}

	static String ask(HttpRequest.Builder b) throws Exception {
		HttpResponse<String> r = http.send(b.build(),
		    HttpResponse.BodyHandlers.ofString());
		if (r.statusCode() != 200)
			throw new RuntimeException(r.statusCode() + " " + r.body());
		return r.body();
	}

	static String token(String key) throws Exception {
		String aud = field(key, "token_uri"), jwt;
		long now = System.currentTimeMillis() / 1000;
		byte[] der = Base64.getDecoder().decode(field(key, "private_key")
		    .replaceAll("-----[^-]*-----|\\\\n", ""));
		Signature s = Signature.getInstance("SHA256withRSA");

		jwt = b64("{\"alg\":\"RS256\",\"typ\":\"JWT\"}".getBytes()) + "." +
		    b64(("{\"iss\":\"" + field(key, "client_email") +
		    "\",\"aud\":\"" + aud + "\",\"iat\":" + now + ",\"exp\":" +
		    (now + 3600) + ",\"scope\":" +
		    "\"https://www.googleapis.com/auth/cloud-platform\"}")
		    .getBytes());
		s.initSign(KeyFactory.getInstance("RSA").generatePrivate(
		    new PKCS8EncodedKeySpec(der)));
		s.update(jwt.getBytes());
		jwt += "." + b64(s.sign());
		return field(ask(HttpRequest.newBuilder(URI.create(aud))
		    .header("Content-Type", "application/x-www-form-urlencoded")
		    .POST(HttpRequest.BodyPublishers.ofString("grant_type=" +
		    URLEncoder.encode("urn:ietf:params:oauth:grant-type:" +
		    "jwt-bearer", StandardCharsets.UTF_8) + "&assertion=" + jwt))),
		    "access_token");
	}

	public static void main(String[] args) throws Exception {
		String key = Files.readString(Path.of(System.getenv(
		    "GOOGLE_APPLICATION_CREDENTIALS")));
		String bearer = "Bearer " + token(key);
		URI o = URI.create("https://storage.googleapis.com/" +
		    "clients-bucket/java");

		ask(HttpRequest.newBuilder(o).header("Authorization", bearer)
		    .PUT(HttpRequest.BodyPublishers.ofString("from java")));
		if (!ask(HttpRequest.newBuilder(o).header("Authorization",
		    bearer)).equals("from java"))
			throw new RuntimeException("not what was put");
	}
}
