using System.Buffers;
using System.Text;
using PolaFormer.Server.Http;
using PolaFormer.Server.Inference;
using PolaFormer.Server.Models;
using PolaFormer.Server.Protocol;
using PolaFormer.Vision;

namespace PolaFormer.Server.Tests;

/// <summary>Damaged bodies: every one is read, or refused as the client's mistake. POLAFORMER_FUZZ gives another number of them.</summary>
public sealed class FuzzTests
{
    private static readonly int s_bodies = int.Parse(Environment.GetEnvironmentVariable("POLAFORMER_FUZZ") ?? "5000");

    private static readonly string[] s_requests =
    [
        """{"id": "7", "inputs": [{"name": "pixels", "datatype": "FP32", "shape": [1, 2, 1, 1], "data": [[[[1.5]], [[-2e3]]]]}], "parameters": {"timeout": 1000}}""",
        """{"inputs": [{"name": "image", "datatype": "BYTES", "shape": [2], "data": ["AAAA", "QUJD"]}], "outputs": [{"name": "logits", "parameters": {"binary_data": true}}]}""",
        """{"inputs": [{"name": "text", "datatype": "BYTES", "shape": [1], "parameters": {"binary_data_size": 8}}], "parameters": {"binary_data_output": true}}""",
    ];

    [Fact]
    public void DamagedJsonIsReadOrRefused()
    {
        int read = 0;
        for (int seed = 0; seed < s_bodies; seed++)
        {
            var random = new Random(seed);
            byte[] json = Encoding.UTF8.GetBytes(s_requests[seed % s_requests.Length]);
            byte[] body = Damaged([.. json, .. "\u0004\0\0\0abcd"u8], random);
            int? length = random.Next(4) == 0 ? random.Next(-1, body.Length + 2) : seed % 3 == 2 ? Math.Min(json.Length, body.Length) : null;
            try
            {
                InferRequest request = InferJson.Read(length is null ? body.AsMemory(0, Math.Min(json.Length, body.Length)) : body, length);
                InferJson.Write(new ArrayBufferWriter<byte>(), "m", "v", request, []);
                read++;
            }
            catch (ServingException error)
            {
                Assert.InRange(error.Status, 400, 422);
            }
        }

        // Damage to a name or a number leaves a request that can be read.
        Assert.InRange(read, 1, s_bodies - 1);
    }

    [Fact]
    public async Task DamagedFormsAreReadOrRefused()
    {
        var limits = new LimitOptions { MaxItems = 8 };
        using var remote = new RemoteImages([], limits);
        var inputs = new PredictInputs(limits, remote);
        byte[] form = Encoding.UTF8.GetBytes("--b\r\nContent-Disposition: form-data; name=\"image\"; filename=\"a.png\"\r\nContent-Type: image/png\r\n\r\n\u0001\u0002\r\n--b\r\nContent-Disposition: form-data; name=\"text\"\r\n\r\nsome\r\n--b--\r\n");
        int read = 0;
        for (int seed = 0; seed < s_bodies; seed++)
        {
            try
            {
                IReadOnlyList<(string Name, InputData Data)> found = await inputs.ReadAsync("multipart/form-data; boundary=b", Damaged(form, new Random(seed)), false, default);
                Assert.NotEmpty(found);
                read++;
            }
            catch (ServingException error)
            {
                Assert.InRange(error.Status, 400, 422);
            }
        }

        Assert.InRange(read, 1, s_bodies - 1);
    }

    [Fact]
    public void DamagedImagesAreDecodedOrRefused()
    {
        ServedModel model = ModelFiles.Load(Checkout.Classifier);
        byte[][] files = [File.ReadAllBytes(Checkout.Photograph("cat")), new IndexedImage(16, 16, new byte[256], []).ToPng(), Encoding.ASCII.GetBytes("P3 2 1 255 1 2 3 4 5 6")];
        int read = 0;
        for (int seed = 0; seed < s_bodies / 5; seed++)
        {
            try
            {
                using ModelInput input = model.FromImage(Damaged(files[seed % files.Length], new Random(seed)), pixelLimit: 1_000_000, wantsEmbedding: false);
                read++;
            }
            catch (ImageException)
            {
                // Refused.
            }
        }

        Assert.InRange(read, 1, s_bodies);
    }

    // Bytes changed, taken out, put in or cut off.
    private static byte[] Damaged(byte[] body, Random random)
    {
        var bytes = new List<byte>(body);
        for (int change = random.Next(1, 4); change > 0 && bytes.Count > 0; change--)
        {
            int at = random.Next(bytes.Count);
            switch (random.Next(5))
            {
                case 0:
                    bytes[at] = (byte)random.Next(256);
                    break;
                case 1:
                    bytes.RemoveAt(at);
                    break;
                case 2:
                    bytes.Insert(at, (byte)"{}[]\",:0-9e\r\n\0"[random.Next(14)]);
                    break;
                case 3:
                    bytes[at] ^= (byte)(1 << random.Next(8));
                    break;
                default:
                    if (random.Next(3) == 0)
                        bytes.RemoveRange(at, bytes.Count - at);
                    break;
            }
        }

        return [.. bytes];
    }
}
