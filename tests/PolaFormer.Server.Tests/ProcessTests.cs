using System.Net;
using System.Net.Sockets;
using System.Text;

namespace PolaFormer.Server.Tests;

public sealed class ProcessTests
{
    private const int Hangup = 1, Kill = 9, Terminate = 15;

    [Fact]
    public async Task ASignalToEndLetsARequestThatIsUnderWayBeAnswered()
    {
        using ServerProcess server = await ServerProcess.StartAsync();
        byte[] photo = await File.ReadAllBytesAsync(Checkout.Photograph("cat"), TestContext.Current.CancellationToken);
        using var client = new TcpClient();
        await client.ConnectAsync("127.0.0.1", server.Client.BaseAddress!.Port, TestContext.Current.CancellationToken);
        NetworkStream stream = client.GetStream();
        await stream.WriteAsync(Encoding.ASCII.GetBytes($"POST /v1/predict HTTP/1.1\r\nHost: a\r\nContent-Length: {photo.Length}\r\nExpect: 100-continue\r\n\r\n"), TestContext.Current.CancellationToken);
        using var reader = new StreamReader(stream);
        Assert.Contains("100", await reader.ReadLineAsync(TestContext.Current.CancellationToken), StringComparison.Ordinal);
        server.Signal(Terminate);
        await stream.WriteAsync(photo, TestContext.Current.CancellationToken);
        await reader.ReadLineAsync(TestContext.Current.CancellationToken);
        Assert.Contains("200", await reader.ReadLineAsync(TestContext.Current.CancellationToken), StringComparison.Ordinal);
        Assert.Equal(0, await server.EndAsync());
    }

    [Fact]
    public async Task AKilledServerStartsAgainWithTheSameAnswers()
    {
        byte[] photo = await File.ReadAllBytesAsync(Checkout.Photograph("airplane"), TestContext.Current.CancellationToken);
        string[] answers = new string[2];
        for (int i = 0; i < 2; i++)
        {
            using ServerProcess server = await ServerProcess.StartAsync();
            using HttpResponseMessage response = await server.Client.PostAsync("/v1/predict", new ByteArrayContent(photo), TestContext.Current.CancellationToken);
            answers[i] = (await response.Content.ReadAsStringAsync(TestContext.Current.CancellationToken)).Split("\"timing\"")[0];
            server.Signal(Kill);
            await server.EndAsync();
        }

        Assert.Contains("airplane", answers[0], StringComparison.Ordinal);
        Assert.Equal(answers[0], answers[1]);
    }

    [Fact(Timeout = 120_000)]
    public async Task AHangupLoadsTheFilesAsTheyAreNow()
    {
        Assert.SkipWhen(IsIgnored(Hangup), "The tests were started with this signal ignored, as by nohup, and so are the programs that they start.");
        DirectoryInfo folder = Directory.CreateTempSubdirectory();
        string file = Path.Combine(folder.FullName, "net.safetensors");
        File.Copy(Checkout.Classifier, file);
        using ServerProcess server = await ServerProcess.StartAsync("--models", folder.FullName);
        string before = await server.Client.GetStringAsync("/v1/models", TestContext.Current.CancellationToken);
        TinyCheckpoints.Segmenter(folder.FullName);
        File.Move(Path.Combine(folder.FullName, "segmenter.safetensors"), file, overwrite: true);
        server.Signal(Hangup);
        string after = before;
        while (after == before)
        {
            await Task.Delay(20, TestContext.Current.CancellationToken);
            after = await server.Client.GetStringAsync("/v1/models", TestContext.Current.CancellationToken);
        }

        Assert.Contains("segmentation", after, StringComparison.Ordinal);
        folder.Delete(recursive: true);
    }

    [Fact]
    public async Task TheServerRunsWithoutRightsOnAReadOnlyRoot()
    {
        string[] without = ["/usr/bin/unshare", "--mount", "/bin/sh", "-c", "mount -o remount,bind,ro / 2>/dev/null || mount --bind / / && mount -o remount,bind,ro / && exec setpriv --reuid 65534 --regid 65534 --clear-groups --no-new-privs --inh-caps=-all --bounding-set=-all \"$@\"", "sh"];
        Assert.SkipUnless(File.Exists(without[0]) && Environment.UserName == "root", "Taking rights away wants unshare, and root.");
        Assert.SkipUnless(await CanRemount(without), "This machine lets no process remount its root.");
        using ServerProcess server = await ServerProcess.StartAsync(without, []);
        using HttpResponseMessage response = await server.Client.GetAsync("/v2/health/ready", TestContext.Current.CancellationToken);
        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
    }

    [Theory]
    [InlineData("--model", "nofile")]
    [InlineData("--model", "a=/nowhere/net.safetensors")]
    [InlineData("--models", "/nowhere")]
    [InlineData("--port", "70000")]
    [InlineData("--address", "somewhere")]
    [InlineData("--instances", "0")]
    [InlineData("--device", "tpu")]
    [InlineData("--tls-key", "key.pem")]
    [InlineData("--url-prefix", "ftp://a/")]
    [InlineData("--nonsense", "1")]
    public async Task AWrongCommandLineIsToldInALine(string option, string value)
    {
        (int code, string error) = await ServerProcess.FailAsync(option, value);
        Assert.Equal(1, code);
        Assert.StartsWith("polaformer-server: ", error, StringComparison.Ordinal);
        Assert.Single(error.TrimEnd().Split('\n'));
    }

    private static bool IsIgnored(int signal)
    {
        const string Key = "SigIgn:";
        string? line = OperatingSystem.IsLinux() ? File.ReadLines("/proc/self/status").FirstOrDefault(line => line.StartsWith(Key, StringComparison.Ordinal)) : null;
        return line is not null && ((Convert.ToUInt64(line[Key.Length..].Trim(), 16) >> (signal - 1)) & 1) != 0;
    }

    private static async Task<bool> CanRemount(string[] without)
    {
        var start = new System.Diagnostics.ProcessStartInfo(without[0]) { RedirectStandardError = true };
        foreach (string word in (string[])[.. without[1..], "sh", "-c", "! touch /polaformer-write-test"])
            start.ArgumentList.Add(word);
        using System.Diagnostics.Process process = System.Diagnostics.Process.Start(start)!;
        await process.WaitForExitAsync(TestContext.Current.CancellationToken);
        return process.ExitCode == 0;
    }
}
