namespace PolaFormer.Cli.Tests;

public sealed class ServeCommandTests : IDisposable
{
    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory();

    public void Dispose() => _folder.Delete(recursive: true);

    [Fact]
    public async Task TheServerGetsTheOptionsAndGivesTheExitCode()
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "A script stands for the server.");
        string server = Path.Combine(_folder.FullName, "polaformer-server");
        File.WriteAllText(server, "#!/bin/sh\necho \"$@\"\nexit 3\n");
        if (!OperatingSystem.IsWindows())
            File.SetUnixFileMode(server, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        (int code, string output, _) = await Polaformer.Run([("PATH", $"{_folder.FullName}:/usr/bin:/bin")], ["serve", "--port", "1", "--model", "a=b c", "--max-batch=4"]);
        Assert.Equal(("--port 1 --model a=b c --max-batch=4", 3), (output.Trim(), code));
    }

    [Fact]
    public async Task AMissingServerIsTold()
    {
        (int code, _, string error) = await Polaformer.Run([("PATH", _folder.FullName)], ["serve"]);
        Assert.Equal(1, code);
        Assert.Contains("dotnet tool install --global PolaFormer.Server", error, StringComparison.Ordinal);
    }
}
