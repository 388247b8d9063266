// @google-cloud/storage, as its documentation begins: put, get, list.
const assert = require('assert');
const {Storage} = require('@google-cloud/storage');

async function main() {
	const bucket = new Storage().bucket('clients-bucket');
	await bucket.file('node/a b').save('from node');
	const [data] = await bucket.file('node/a b').download();
	assert.strictEqual(data.toString(), 'from node');
	const [files] = await bucket.getFiles({prefix: 'node/'});
	assert.deepStrictEqual(files.map((f) => f.name), ['node/a b']);
}

main().catch((e) => {
	console.error(e);
	process.exit(1);
});
