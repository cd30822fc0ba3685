using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using System.Text.Json;
using Grpc.Net.Client;
using Inference;
using PolaFormer.Files;
using PolaFormer.Server.Scheduling;

namespace PolaFormer.Server.Tests;

public sealed class SafetyTests
{
    private const string Key = "0123456789abcdef0123456789abcdef";

    [Fact]
    public async Task WithKeysARequestMustCarryOne()
    {
        await using RunningServer server = await RunningServer.StartAsync((options, folder) =>
        {
            File.WriteAllText(Path.Combine(folder, "keys"), $"# of a test\n\n{Key}\n");
            return options with { ApiKeys = Path.Combine(folder, "keys") };
        });
        Assert.Equal(401, (await server.GetAsync("/v1/models")).Status);
        Assert.Equal(401, (await server.PostAsync("/v2/models/cifar/infer", [])).Status);
        Assert.Equal(200, (await server.GetAsync("/v2/health/ready")).Status);
        server.Client.DefaultRequestHeaders.Add("Authorization", $"Bearer {Key[..^1]}0");
        Assert.Equal(401, (await server.GetAsync("/v1/models")).Status);
        server.Client.DefaultRequestHeaders.Remove("Authorization");
        server.Client.DefaultRequestHeaders.Add("Authorization", $"Bearer {Key}");
        Assert.Equal(200, (await server.GetAsync("/v1/models")).Status);
        server.Client.DefaultRequestHeaders.Remove("Authorization");
        server.Client.DefaultRequestHeaders.Add("X-Api-Key", Key);
        Assert.Equal(200, (await server.GetAsync("/v1/models")).Status);
    }

    [Fact]
    public void AShortKeyIsRefused()
    {
        string path = Path.GetTempFileName();
        File.WriteAllText(path, "secret");
        Assert.Contains("shorter", Assert.Throws<FileException>(() => Http.ApiKeys.Read(path)).Message, StringComparison.Ordinal);
        File.Delete(path);
    }

    [Fact]
    public async Task WithACertificateOnePortTakesHttpAndGrpc()
    {
        using RSA key = RSA.Create(2048);
        var request = new CertificateRequest("CN=localhost", key, HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1);
        using X509Certificate2 certificate = request.CreateSelfSigned(DateTimeOffset.UtcNow.AddDays(-1), DateTimeOffset.UtcNow.AddDays(1));
        SocketsHttpHandler Trusting() => new() { SslOptions = new SslClientAuthenticationOptions { RemoteCertificateValidationCallback = (_, shown, _, _) => shown!.GetCertHashString() == certificate.Thumbprint } };
        await using RunningServer server = await RunningServer.StartAsync(
            (options, folder) =>
            {
                File.WriteAllText(Path.Combine(folder, "cert.pem"), certificate.ExportCertificatePem());
                File.WriteAllText(Path.Combine(folder, "key.pem"), key.ExportPkcs8PrivateKeyPem());
                return options with { Certificate = Path.Combine(folder, "cert.pem"), CertificateKey = Path.Combine(folder, "key.pem") };
            },
            Trusting());
        Assert.Equal("https", server.Address.Scheme);
        Assert.Equal(200, (await server.GetAsync("/v2/health/ready")).Status);
        using GrpcChannel channel = GrpcChannel.ForAddress(server.Address, new GrpcChannelOptions { HttpHandler = Trusting(), DisposeHttpClient = true });
        Assert.True((await new GRPCInferenceService.GRPCInferenceServiceClient(channel).ServerReadyAsync(new ServerReadyRequest())).Ready);
    }

    [Fact]
    public async Task LimitsOfBytesPixelsAndInputsHold()
    {
        await using RunningServer server = await RunningServer.StartAsync((options, _) => options with { Limits = options.Limits with { MaxBodyBytes = 200_000, MaxPixels = 1000, MaxItems = 2 } });
        Assert.Equal(413, (await server.PostAsync("/v1/predict", new byte[200_001])).Status);
        (int status, JsonElement json) = await server.PostAsync("/v1/predict", File.ReadAllBytes(Checkout.Photograph("cat")));
        Assert.Equal(422, status);
        Assert.Contains("limit of 1000 pixels", json.GetProperty("detail").GetString(), StringComparison.Ordinal);
        using var form = new MultipartFormDataContent();
        for (int i = 0; i < 3; i++)
            form.Add(new ByteArrayContent([1]), "image", $"{i}.jpg");
        Assert.Equal(413, (await server.PostAsync("/v1/predict", form)).Status);
    }

    [Fact]
    public async Task AFullQueueAnswersWhenToAskAgain()
    {
        await using RunningServer server = await RunningServer.StartAsync((options, _) => options with { Scheduling = new SchedulingOptions { Capacity = 1 } });
        using ModelScheduler.Admission taken = TakeAll(server);
        using HttpResponseMessage response = await server.Client.PostAsync("/v1/predict", new ByteArrayContent(File.ReadAllBytes(Checkout.Photograph("cat"))), TestContext.Current.CancellationToken);
        Assert.Equal(HttpStatusCode.TooManyRequests, response.StatusCode);
        Assert.True(response.Headers.RetryAfter!.Delta >= TimeSpan.FromSeconds(1));
        taken.Dispose();
        Assert.Equal(200, (await server.PostAsync("/v1/predict", File.ReadAllBytes(Checkout.Photograph("cat")))).Status);
    }

    [Fact]
    public async Task ALateAnswerIsNotWaitedFor()
    {
        await using RunningServer server = await RunningServer.StartAsync();
        (int status, _) = await server.PostAsync("/v1/predict?timeout_ms=0.001", File.ReadAllBytes(Checkout.Photograph("cat")));
        Assert.Equal(400, status);
        (status, _) = await server.PostAsync("/v2/models/cifar/infer", Encoding.UTF8.GetBytes($$"""{"parameters": {"timeout": 1}, "inputs": [{"name": "image", "datatype": "BYTES", "shape": [1], "data": ["{{Convert.ToBase64String(File.ReadAllBytes(Checkout.Photograph("cat")))}}"]}]}"""));
        Assert.Equal(504, status);
    }

    [Fact]
    public async Task ModelsAreNotChangedByRequestsUnlessTheOperatorSaidSo()
    {
        await using RunningServer server = await RunningServer.StartAsync();
        Assert.Equal(403, (await server.PostAsync("/v2/repository/models/cifar/unload", [])).Status);
        Assert.Equal(200, (await server.GetAsync("/v2/models/cifar/ready")).Status);
    }

    [Theory]
    [InlineData("GET /v1/models HTTP/1.1\r\nHost: a\r\nX: {0}\r\n\r\n", 431)]
    [InlineData("NONSENSE\r\n\r\n", 400)]
    [InlineData("POST /v1/predict HTTP/1.1\r\nHost: a\r\nContent-Length: -5\r\n\r\n", 400)]
    [InlineData("POST /v1/predict HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n", 400)]
    public async Task MalformedHttpIsRefused(string request, int expected)
    {
        await using RunningServer server = await RunningServer.StartAsync();
        using var client = new TcpClient();
        await client.ConnectAsync(server.Address.Host, server.Address.Port, TestContext.Current.CancellationToken);
        NetworkStream stream = client.GetStream();
        await stream.WriteAsync(Encoding.ASCII.GetBytes(request.Replace("{0}", new string('x', 20_000), StringComparison.Ordinal)), TestContext.Current.CancellationToken);
        using var reader = new StreamReader(stream);
        string line = (await reader.ReadLineAsync(TestContext.Current.CancellationToken))!;
        Assert.Contains($" {expected} ", line, StringComparison.Ordinal);
    }

    [Fact]
    public async Task ABodyThatDoesNotComeIsNotWaitedFor()
    {
        await using RunningServer server = await RunningServer.StartAsync((options, _) => options with { Limits = options.Limits with { Timeout = TimeSpan.FromMilliseconds(50) } });
        using var client = new TcpClient();
        await client.ConnectAsync(server.Address.Host, server.Address.Port, TestContext.Current.CancellationToken);
        NetworkStream stream = client.GetStream();
        await stream.WriteAsync("POST /v1/predict HTTP/1.1\r\nHost: a\r\nContent-Length: 1000000\r\n\r\nsome"u8.ToArray(), TestContext.Current.CancellationToken);
        using var reader = new StreamReader(stream);
        Assert.Contains(" 408 ", await reader.ReadLineAsync(TestContext.Current.CancellationToken), StringComparison.Ordinal);
    }

    [Fact]
    public async Task MoreConnectionsThanTheLimitAreClosed()
    {
        await using RunningServer server = await RunningServer.StartAsync((options, _) => options with { Limits = options.Limits with { MaxConnections = 1 } });
        Assert.Equal(200, (await server.GetAsync("/v2/health/live")).Status);
        using var second = new HttpClient { BaseAddress = server.Address };
        await Assert.ThrowsAsync<HttpRequestException>(() => second.GetAsync("/v2/health/live", TestContext.Current.CancellationToken));
    }

    private static ModelScheduler.Admission TakeAll(RunningServer server)
    {
        var repository = (Repository.ModelRepository)server.Services.GetService(typeof(Repository.ModelRepository))!;
        return repository.Loaded.Single().Scheduler.Admit(1);
    }
}
