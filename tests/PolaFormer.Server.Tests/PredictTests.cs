using System.Net;
using System.Text.Json;
using PolaFormer.Pipelines;
using PolaFormer.Vision;

namespace PolaFormer.Server.Tests;

public sealed class PredictTests(SharedServer shared) : IClassFixture<SharedServer>
{
    private RunningServer Server => shared.Server;

    [Theory]
    [InlineData("application/octet-stream")]
    [InlineData("image/jpeg")]
    [InlineData("application/x-www-form-urlencoded")]
    public async Task APhotographIsAnsweredAsByTheLibrary(string type)
    {
        (int status, JsonElement json) = await Server.PostAsync("/v1/predict?model=cifar&top=2", File.ReadAllBytes(Checkout.Photograph("airplane")), type);
        IReadOnlyList<Prediction> expected = ImageClassifier.Load(Checkout.Classifier).Predict(Checkout.Photograph("airplane"), top: 2);
        Assert.Equal((200, "classification"), (status, json.GetProperty("task").GetString()));
        Assert.Equal(
            expected.Select(guess => (guess.Label, guess.Index, guess.Probability)),
            json.GetProperty("results")[0].GetProperty("predictions").EnumerateArray().Select(guess => (guess.GetProperty("label").GetString()!, guess.GetProperty("index").GetInt32(), guess.GetProperty("probability").GetSingle())));
        Assert.True(json.GetProperty("results")[0].GetProperty("timing").GetProperty("compute_ms").GetDouble() > 0);
        Assert.False(json.GetProperty("results")[0].TryGetProperty("embedding", out _));
    }

    [Fact]
    public async Task AFormWithSeveralImagesIsAnsweredInOrderThoughOneIsBroken()
    {
        using var form = new MultipartFormDataContent
        {
            { new ByteArrayContent(File.ReadAllBytes(Checkout.Photograph("cat"))), "image", "a.jpg" },
            { new ByteArrayContent([1, 2, 3]), "image", "b.jpg" },
            { new ByteArrayContent(File.ReadAllBytes(Checkout.Photograph("airplane"))), "image", "c.jpg" },
        };
        (int status, JsonElement json) = await Server.PostAsync("/v1/predict?model=cifar&embedding=true", form);
        JsonElement[] results = [.. json.GetProperty("results").EnumerateArray()];
        Assert.Equal(200, status);
        Assert.Equal(["a.jpg", "b.jpg", "c.jpg"], results.Select(result => result.GetProperty("name").GetString()));
        Assert.Equal(422, results[1].GetProperty("error").GetProperty("status").GetInt32());
        Assert.Equal(["cat", "airplane"], new[] { results[0], results[2] }.Select(result => result.GetProperty("predictions")[0].GetProperty("label").GetString()));
        Assert.True(results[0].GetProperty("embedding").GetArrayLength() > 10);
    }

    [Fact]
    public async Task ASegmentationNetworkTellsAreasAndTheMap()
    {
        (int status, JsonElement json) = await Server.PostAsync("/v1/predict?model=segmenter&maps=true", File.ReadAllBytes(Checkout.Photograph("cat")));
        JsonElement result = json.GetProperty("results")[0];
        using Image map = ImageDecoder.Decode(result.GetProperty("map_png").GetBytesFromBase64());
        Assert.Equal(200, status);
        Assert.Equal((result.GetProperty("width").GetInt32(), result.GetProperty("height").GetInt32()), (map.Width, map.Height));
        Assert.Equal(1, result.GetProperty("classes").EnumerateArray().Sum(area => area.GetProperty("share").GetDouble()), 1e-6);
    }

    [Fact]
    public async Task ADetectorTellsObjectsFromAThreshold()
    {
        byte[] photo = File.ReadAllBytes(Checkout.Photograph("cat"));
        (int status, JsonElement all) = await Server.PostAsync("/v1/predict?model=detector", photo);
        (_, JsonElement none) = await Server.PostAsync("/v1/predict?model=detector&threshold=1", photo);
        Assert.Equal(200, status);
        Assert.All(all.GetProperty("results")[0].GetProperty("objects").EnumerateArray(), one => Assert.Equal(4, one.GetProperty("box").GetArrayLength()));
        Assert.Empty(none.GetProperty("results")[0].GetProperty("objects").EnumerateArray());
    }

    [Fact]
    public async Task TextsPairsAndSmallImagesGoToTheirModels()
    {
        (int status, JsonElement json) = await Server.PostAsync("/v1/predict?model=listops&top=10", "[MAX 3 8 ]"u8.ToArray(), "text/plain");
        Assert.Equal((200, 10), (status, json.GetProperty("results")[0].GetProperty("predictions").GetArrayLength()));
        using var pair = new MultipartFormDataContent { { new StringContent("one"), "text" }, { new StringContent("other"), "second" } };
        (status, json) = await Server.PostAsync("/v1/predict?model=retrieval", pair);
        Assert.Equal((200, "text"), (status, json.GetProperty("task").GetString()));
        (status, json) = await Server.PostAsync("/v1/predict?model=pathfinder", new IndexedImage(32, 32, new byte[1024], []).ToPng());
        Assert.Equal((200, "classification"), (status, json.GetProperty("task").GetString()));
        Assert.Equal(422, (await Server.PostAsync("/v1/predict?model=pathfinder", File.ReadAllBytes(Checkout.Photograph("cat")))).Status);
        Assert.Equal(422, (await Server.PostAsync("/v1/predict?model=retrieval", "one"u8.ToArray(), "text/plain")).Status);
        Assert.Equal(422, (await Server.PostAsync("/v1/predict?model=cifar", "one"u8.ToArray(), "text/plain")).Status);
    }

    [Theory]
    [InlineData("cifar")]
    [InlineData("segmenter")]
    [InlineData("detector")]
    public async Task AnswersDoNotDependOnWhatIsComputedBesideThem(string model)
    {
        byte[] photo = File.ReadAllBytes(Checkout.Photograph("cat")), other = File.ReadAllBytes(Checkout.Photograph("bird"));
        string Answer((int Status, JsonElement Json) said) => said.Json.GetProperty("results")[0].GetRawText().Split("\"timing\"")[0];
        string alone = Answer(await Server.PostAsync($"/v1/predict?model={model}&maps=true", photo));
        (int Status, JsonElement Json)[] together = await Task.WhenAll(Enumerable.Range(0, 16).Select(i => Server.PostAsync($"/v1/predict?model={model}&maps=true", i % 2 == 0 ? photo : other)));
        Assert.All(together.Where((_, i) => i % 2 == 0), said => Assert.Equal(alone, Answer(said)));
    }

    [Fact]
    public async Task AttentionIsToldForEveryLayer()
    {
        byte[] photo = File.ReadAllBytes(Checkout.Photograph("cat"));
        (int status, JsonElement json) = await Server.PostAsync("/v1/attention?model=cifar&x=0.1&y=0.9", photo);
        Assert.Equal(200, status);
        Assert.NotEmpty(json.GetProperty("layers").EnumerateArray());
        Assert.All(json.GetProperty("layers").EnumerateArray(), layer =>
        {
            Assert.Equal(layer.GetProperty("height").GetInt32() * layer.GetProperty("width").GetInt32(), layer.GetProperty("weights").GetArrayLength());
            Assert.InRange(layer.GetProperty("query")[0].GetSingle(), 0, 0.5f);
            Assert.InRange(layer.GetProperty("query")[1].GetSingle(), 0.5f, 1);
        });
        Assert.Equal(422, (await Server.PostAsync("/v1/attention?model=segmenter", photo)).Status);
        Assert.Equal(422, (await Server.PostAsync("/v1/attention?model=cifar", [1, 2])).Status);
    }

    [Theory]
    [InlineData("/v1/predict?model=nothing", "image/png", 404)]
    [InlineData("/v1/predict", "image/png", 400)]
    [InlineData("/v1/predict?model=cifar&top=0", "image/png", 400)]
    [InlineData("/v1/predict?model=cifar&maps=yes", "image/png", 400)]
    [InlineData("/v1/predict?model=cifar&colour=red", "image/png", 400)]
    [InlineData("/v1/predict?model=cifar", "image/png", 422)]
    [InlineData("/v1/predict?model=cifar", "application/pdf", 415)]
    [InlineData("/v1/predict?model=cifar", "multipart/form-data", 400)]
    [InlineData("/v1/predict?model=cifar", "multipart/form-data; boundary=x", 400)]
    [InlineData("/v1/predict?model=cifar", "application/json", 400)]
    [InlineData("/nothing", "image/png", 404)]
    public async Task WhatIsWrongIsToldAsAProblem(string address, string type, int expected)
    {
        (int status, JsonElement json) = await Server.PostAsync(address, [1, 2, 3], type);
        Assert.Equal((expected, expected), (status, json.GetProperty("status").GetInt32()));
        Assert.Equal("about:blank", json.GetProperty("type").GetString());
    }

    [Fact]
    public async Task AddressesAreNotFetchedUnlessTheOperatorNamedThem()
    {
        (int status, JsonElement json) = await Server.PostAsync("/v1/predict?model=cifar", """{"urls": ["http://127.0.0.1/cat.jpg"]}"""u8.ToArray(), "application/json");
        Assert.Equal(403, status);
        Assert.Contains("fetches no addresses", json.GetProperty("detail").GetString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task AddressesBelowAPrefixAreFetchedAndNoOthers()
    {
        // The icon of another server stands for a file that is no image.
        await using RunningServer server = await RunningServer.StartAsync((options, _) => options with { UrlPrefixes = [$"{Server.Address}v1/"] });
        string Body(string path) => JsonSerializer.Serialize(new { urls = new[] { $"{Server.Address}{path}" } });
        (int status, JsonElement json) = await server.PostAsync("/v1/predict", System.Text.Encoding.UTF8.GetBytes(Body("v1/models")), "application/json");
        Assert.Equal(422, status);
        Assert.Contains("image cannot be read", json.GetProperty("detail").GetString(), StringComparison.Ordinal);
        Assert.Equal(403, (await server.PostAsync("/v1/predict", System.Text.Encoding.UTF8.GetBytes(Body("icon.svg")), "application/json")).Status);
        Assert.Equal(403, (await server.PostAsync("/v1/predict", System.Text.Encoding.UTF8.GetBytes(Body("v1/../icon.svg")), "application/json")).Status);
    }

    [Fact]
    public async Task NoAnswerAllowsPagesOfOtherSites()
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, "/v1/models") { Headers = { { "Origin", "https://other.example" } } };
        using HttpResponseMessage response = await Server.Client.SendAsync(request, TestContext.Current.CancellationToken);
        Assert.False(response.Headers.Contains("Access-Control-Allow-Origin"));
        Assert.Equal("nosniff", response.Headers.GetValues("X-Content-Type-Options").Single());
        Assert.Contains("default-src 'none'", response.Headers.GetValues("Content-Security-Policy").Single(), StringComparison.Ordinal);
        Assert.False(response.Headers.Contains("Server"));
        using var post = new HttpRequestMessage(HttpMethod.Post, "/v2/repository/models/cifar/unload") { Headers = { { "Sec-Fetch-Site", "cross-site" } } };
        using HttpResponseMessage refused = await Server.Client.SendAsync(post, TestContext.Current.CancellationToken);
        Assert.Equal(HttpStatusCode.Forbidden, refused.StatusCode);
    }
}
