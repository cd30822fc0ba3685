using System.Net.Http.Headers;
using System.Runtime.InteropServices;
using System.Text;
using System.Text.Json;
using PolaFormer.Pipelines;
using PolaFormer.Vision;

namespace PolaFormer.Server.Tests;

public sealed class OpenInferenceTests(SharedServer shared) : IClassFixture<SharedServer>
{
    private static readonly Lazy<ImageClassifier> s_classifier = new(() => ImageClassifier.Load(Checkout.Classifier));

    private RunningServer Server => shared.Server;

    [Fact]
    public async Task TheServerTellsThatItIsReadyAndWhatItIs()
    {
        Assert.True((await Server.GetAsync("/v2/health/live")).Json.GetProperty("live").GetBoolean());
        Assert.Equal(200, (await Server.GetAsync("/v2/health/ready")).Status);
        Assert.Contains("binary_tensor_data", (await Server.GetAsync("/v2")).Json.GetProperty("extensions").EnumerateArray().Select(name => name.GetString()));
        Assert.True((await Server.GetAsync("/v2/models/cifar/ready")).Json.GetProperty("ready").GetBoolean());
        Assert.Equal(404, (await Server.GetAsync("/v2/models/nothing/ready")).Status);
    }

    [Fact]
    public async Task MetadataNamesInputsOutputsAndTheVersion()
    {
        (int status, JsonElement json) = await Server.GetAsync("/v2/models/cifar");
        string version = json.GetProperty("versions")[0].GetString()!;
        Assert.Equal(200, status);
        Assert.Equal([-1, 32, 32, 3], json.GetProperty("inputs")[1].GetProperty("shape").EnumerateArray().Select(extent => extent.GetInt64()));
        Assert.Equal(["probabilities", "logits", "embedding"], json.GetProperty("outputs").EnumerateArray().Select(output => output.GetProperty("name").GetString()));
        Assert.Equal(200, (await Server.GetAsync($"/v2/models/cifar/versions/{version}/ready")).Status);
        Assert.Equal(404, (await Server.GetAsync("/v2/models/cifar/versions/7")).Status);
    }

    [Fact]
    public async Task ImagesInJsonAreAnsweredAsByTheLibrary()
    {
        string[] names = ["airplane", "cat", "bird"];
        string data = string.Join(',', names.Select(name => $"\"{Convert.ToBase64String(File.ReadAllBytes(Checkout.Photograph(name)))}\""));
        (int status, JsonElement json) = await Infer("cifar", $$"""{"id": "7", "inputs": [{"name": "image", "datatype": "BYTES", "shape": [3], "data": [{{data}}]}], "outputs": [{"name": "probabilities"}]}""");
        Assert.Equal(200, status);
        Assert.Equal("7", json.GetProperty("id").GetString());
        float[] probabilities = [.. json.GetProperty("outputs")[0].GetProperty("data").EnumerateArray().Select(value => value.GetSingle())];
        for (int i = 0; i < names.Length; i++)
        {
            foreach (Prediction guess in s_classifier.Value.Predict(Checkout.Photograph(names[i]), top: 10))
                Assert.Equal(guess.Probability, probabilities[(10 * i) + guess.Index]);
        }
    }

    [Fact]
    public async Task PixelsAsBytesGiveLogitsAsBytes()
    {
        float[] pixels = PixelsOf("airplane");
        byte[] json = Encoding.UTF8.GetBytes("""{"inputs": [{"name": "pixels", "datatype": "FP32", "shape": [1, 32, 32, 3], "parameters": {"binary_data_size": 12288}}], "outputs": [{"name": "logits", "parameters": {"binary_data": true}}, {"name": "embedding"}]}""");
        using var content = new ByteArrayContent([.. json, .. MemoryMarshal.AsBytes<float>(pixels)]);
        content.Headers.ContentType = new MediaTypeHeaderValue("application/octet-stream");
        content.Headers.Add("Inference-Header-Content-Length", $"{json.Length}");
        using HttpResponseMessage response = await Server.Client.PostAsync("/v2/models/cifar/infer", content, TestContext.Current.CancellationToken);
        byte[] body = await response.Content.ReadAsByteArrayAsync(TestContext.Current.CancellationToken);
        int length = int.Parse(response.Headers.GetValues("Inference-Header-Content-Length").Single());
        using JsonDocument said = JsonDocument.Parse(body.AsMemory(0, length));
        float[] logits = MemoryMarshal.Cast<byte, float>(body.AsSpan(length)).ToArray();
        Assert.Equal(40, said.RootElement.GetProperty("outputs")[0].GetProperty("parameters").GetProperty("binary_data_size").GetInt32());
        Assert.True(said.RootElement.GetProperty("outputs")[1].GetProperty("data").GetArrayLength() > 10);
        Assert.Equal(0, logits.Index().MaxBy(entry => entry.Item).Index);
        Assert.Equal(10, logits.Length);
    }

    [Fact]
    public async Task NestedNumbersAreTakenAsFlatOnes()
    {
        float[] pixels = PixelsOf("cat");
        string flat = JsonSerializer.Serialize(pixels), nested = JsonSerializer.Serialize(pixels.Chunk(96).Select(row => row.Chunk(3)));
        float[][] answers = new float[2][];
        foreach ((int i, string data) in new[] { flat, $"[{nested}]" }.Index())
        {
            (_, JsonElement json) = await Infer("cifar", $$"""{"inputs": [{"name": "pixels", "datatype": "FP32", "shape": [1, 32, 32, 3], "data": {{data}}}]}""");
            answers[i] = [.. json.GetProperty("outputs")[0].GetProperty("data").EnumerateArray().Select(value => value.GetSingle())];
        }

        Assert.Equal(answers[0], answers[1]);
        Assert.Equal(3, answers[0].Index().MaxBy(entry => entry.Item).Index);
    }

    [Fact]
    public async Task TextsAndPairsAreAnswered()
    {
        (int status, JsonElement json) = await Infer("listops", """{"inputs": [{"name": "text", "datatype": "BYTES", "shape": [2], "data": ["[MAX 3 8 ]", "[MIN 1 2 ]"]}]}""");
        Assert.Equal((200, 20), (status, json.GetProperty("outputs")[0].GetProperty("data").GetArrayLength()));
        (status, json) = await Infer("retrieval", """{"inputs": [{"name": "text", "datatype": "BYTES", "shape": [1], "data": ["one"]}, {"name": "second", "datatype": "BYTES", "shape": [1], "data": ["other"]}]}""");
        Assert.Equal((200, 2), (status, json.GetProperty("outputs")[0].GetProperty("data").GetArrayLength()));
    }

    [Fact]
    public async Task ASegmentationNetworkGivesTheClassOfEveryPixel()
    {
        string image = Convert.ToBase64String(File.ReadAllBytes(Checkout.Photograph("cat")));
        (int status, JsonElement json) = await Infer("segmenter", $$"""{"inputs": [{"name": "image", "datatype": "BYTES", "shape": [1], "data": ["{{image}}"]}]}""");
        using Image photo = ImageDecoder.Decode(Checkout.Photograph("cat"));
        Assert.Equal(200, status);
        Assert.Equal([photo.Height, photo.Width], json.GetProperty("outputs")[0].GetProperty("shape").EnumerateArray().Select(extent => extent.GetInt32()));
    }

    [Fact]
    public async Task ADetectorGivesBoxesScoresAndLabels()
    {
        string image = Convert.ToBase64String(File.ReadAllBytes(Checkout.Photograph("cat")));
        (int status, JsonElement json) = await Infer("detector", $$"""{"inputs": [{"name": "image", "datatype": "BYTES", "shape": [1], "data": ["{{image}}"]}]}""");
        Assert.Equal(200, status);
        Assert.Equal(["boxes", "scores", "labels"], json.GetProperty("outputs").EnumerateArray().Select(output => output.GetProperty("name").GetString()));
    }

    [Theory]
    [InlineData("{", 400)]
    [InlineData("[]", 400)]
    [InlineData("""{"inputs": {}}""", 400)]
    [InlineData("""{"inputs": []}""", 400)]
    [InlineData("""{"inputs": [{"name": "image", "datatype": "BYTES", "shape": [1], "data": ["?"]}]}""", 400)]
    [InlineData("""{"inputs": [{"name": "image", "datatype": "BYTES", "shape": [2], "data": ["AAAA"]}]}""", 400)]
    [InlineData("""{"inputs": [{"name": "image", "datatype": "BYTES", "shape": [-1], "data": ["AAAA"]}]}""", 400)]
    [InlineData("""{"inputs": [{"name": "image", "datatype": "BYTES", "shape": [4294967296, 4294967296], "data": []}]}""", 400)]
    [InlineData("""{"inputs": [{"name": "image", "datatype": "BYTES", "shape": [1], "data": ["AAAA"]}]}""", 422)]
    [InlineData("""{"inputs": [{"name": "image", "datatype": "FP64", "shape": [1], "data": [1]}]}""", 400)]
    [InlineData("""{"inputs": [{"name": "pixels", "datatype": "FP32", "shape": [1, 2, 2, 3], "data": [1,2,3,4,5,6,7,8,9,10,11,12]}]}""", 400)]
    [InlineData("""{"inputs": [{"name": "pixels", "datatype": "FP32", "shape": [1], "parameters": {"binary_data_size": 400}}]}""", 400)]
    [InlineData("""{"inputs": [{"name": "other", "datatype": "FP32", "shape": [1], "data": [1]}]}""", 400)]
    [InlineData("""{"inputs": [{"name": "text", "datatype": "BYTES", "shape": [1], "data": ["a"]}]}""", 422)]
    [InlineData("""{"inputs": [{"name": "image", "datatype": "BYTES", "shape": [1], "data": ["AAAA"]}], "outputs": [{"name": "nothing"}]}""", 400)]
    [InlineData("""{"inputs": [{"name": "image", "datatype": "BYTES", "shape": [1], "data": ["AAAA"]}], "parameters": {"timeout": -1}}""", 400)]
    public async Task AMalformedRequestIsToldWhatIsWrong(string request, int expected)
    {
        (int status, JsonElement json) = await Infer("cifar", request);
        Assert.Equal(expected, status);
        Assert.Equal(json.GetProperty("detail").GetString(), json.GetProperty("error").GetString());
        Assert.DoesNotContain("/", json.GetProperty("detail").GetString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task ModelsAreListedUnloadedAndLoaded()
    {
        Assert.Equal(200, (await Server.PostAsync("/v2/repository/models/pathfinder/unload", [])).Status);
        (_, JsonElement all) = await Server.PostAsync("/v2/repository/index", []);
        (_, JsonElement ready) = await Server.PostAsync("/v2/repository/index", """{"ready": true}"""u8.ToArray());
        Assert.Equal("UNAVAILABLE", all.EnumerateArray().Single(model => model.GetProperty("name").GetString() == "pathfinder").GetProperty("state").GetString());
        Assert.DoesNotContain("pathfinder", ready.EnumerateArray().Select(model => model.GetProperty("name").GetString()));
        Assert.Equal(503, (await Server.GetAsync("/v2/models/pathfinder/ready")).Status);
        Assert.Equal(200, (await Server.PostAsync("/v2/repository/models/pathfinder/load", [])).Status);
        Assert.Equal(200, (await Server.GetAsync("/v2/models/pathfinder/ready")).Status);
        Assert.Equal(404, (await Server.PostAsync("/v2/repository/models/nothing/load", [])).Status);
    }

    private static float[] PixelsOf(string name)
    {
        using Image image = ImageDecoder.Decode(Checkout.Photograph(name), s_classifier.Value.Decoding);
        float[] pixels = new float[32 * 32 * 3];
        s_classifier.Value.Transform.Apply(image, pixels);
        return pixels;
    }

    private Task<(int Status, JsonElement Json)> Infer(string model, string request) => Server.PostAsync($"/v2/models/{model}/infer", Encoding.UTF8.GetBytes(request), "application/json");
}
