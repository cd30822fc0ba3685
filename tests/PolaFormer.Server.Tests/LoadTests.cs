using System.Net.Sockets;
using System.Text;
using System.Text.Json;
using PolaFormer.Pipelines;

namespace PolaFormer.Server.Tests;

/// <summary>The short form of what benchmarks/serving.sh does for long.</summary>
public sealed class LoadTests
{
    private static readonly string[] s_names = ["airplane", "automobile", "bird", "cat"];

    private readonly byte[][] _files = [.. s_names.Select(name => File.ReadAllBytes(Checkout.Photograph(name)))];
    private readonly Prediction[] _answers;

    public LoadTests()
    {
        var classifier = ImageClassifier.Load(Checkout.Classifier);
        _answers = [.. s_names.Select(name => classifier.Predict(Checkout.Photograph(name), top: 1)[0])];
    }

    [Fact]
    public async Task BadSlowAndCancelledRequestsDisturbNoOther()
    {
        const int requests = 400, clients = 8;
        await using RunningServer server = await RunningServer.StartAsync();
        int next = -1, right = 0, refused = 0, left = 0;
        await Task.WhenAll(Enumerable.Range(0, clients).Select(_ => Task.Run(async () =>
        {
            for (int i = Interlocked.Increment(ref next); i < requests; i = Interlocked.Increment(ref next))
            {
                switch (i % 20)
                {
                    case 3:
                        Assert.Equal(422, (await server.PostAsync("/v1/predict", _files[i % 4][..500])).Status);
                        Interlocked.Increment(ref refused);
                        break;
                    case 9:
                        using (var source = new CancellationTokenSource(i % 7))
                        {
                            // Some are answered before the client goes away.
                            await Record.ExceptionAsync(() => server.Client.PostAsync("/v1/predict", new ByteArrayContent(_files[i % 4]), source.Token));
                            Interlocked.Increment(ref left);
                        }

                        break;
                    case 15:
                        Assert.StartsWith("HTTP/1.1 200", await SendInPiecesAsync(server.Address, _files[i % 4]), StringComparison.Ordinal);
                        Interlocked.Increment(ref right);
                        break;
                    default:
                        AssertRight(i % 4, await server.PostAsync("/v1/predict", _files[i % 4]));
                        Interlocked.Increment(ref right);
                        break;
                }
            }
        })));
        Assert.Equal((360, 20, 20), (right, refused, left));
    }

    [Fact]
    public async Task SwappingAModelUnderLoadFailsNoRequest()
    {
        await using RunningServer server = await RunningServer.StartAsync((options, _) => options with { AllowsModelControl = true });
        using var done = new CancellationTokenSource();
        Task[] clients = [.. Enumerable.Range(0, 4).Select(client => Task.Run(async () =>
        {
            do
                AssertRight(client, await server.PostAsync("/v1/predict", _files[client]));
            while (!done.IsCancellationRequested);
        }))];
        for (int i = 0; i < 10; i++)
            Assert.Equal(200, (await server.PostAsync("/v2/repository/models/cifar/load", [])).Status);
        await done.CancelAsync();
        await Task.WhenAll(clients);
    }

    private void AssertRight(int photograph, (int Status, JsonElement Json) answer)
    {
        Assert.Equal(200, answer.Status);
        JsonElement best = answer.Json.GetProperty("results")[0].GetProperty("predictions")[0];
        Assert.Equal((_answers[photograph].Index, _answers[photograph].Probability), (best.GetProperty("index").GetInt32(), best.GetProperty("probability").GetSingle()));
    }

    private static async Task<string> SendInPiecesAsync(Uri address, byte[] file)
    {
        using var client = new TcpClient { NoDelay = true };
        await client.ConnectAsync(address.Host, address.Port, TestContext.Current.CancellationToken);
        NetworkStream stream = client.GetStream();
        await stream.WriteAsync(Encoding.ASCII.GetBytes($"POST /v1/predict HTTP/1.1\r\nHost: a\r\nConnection: close\r\nContent-Length: {file.Length}\r\n\r\n"), TestContext.Current.CancellationToken);
        foreach (byte[] piece in file.Chunk((file.Length / 5) + 1))
        {
            await stream.WriteAsync(piece, TestContext.Current.CancellationToken);
            await Task.Yield();
        }

        using var reader = new StreamReader(stream);
        return await reader.ReadToEndAsync(TestContext.Current.CancellationToken);
    }
}
