using System.Diagnostics;

namespace PolaFormer.Cli.Tests;

/// <summary>The script that runs the program from a checkout, in a checkout whose build is done and prints its arguments.</summary>
public sealed class LauncherTests : IDisposable
{
    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("launcher");

    public void Dispose() => _folder.Delete(recursive: true);

    [Fact]
    public async Task FollowsLinksToItsCheckout()
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "The launcher is a bash script.");
        string checkout = MakeCheckout();
        Directory.CreateDirectory(In("bin"));
        File.CreateSymbolicLink(In("bin", "pf"), Path.Combine("..", "checkout", "polaformer"));
        File.CreateSymbolicLink(In("absolute"), In("bin", "pf"));
        foreach (string script in (string[])[Path.Combine(checkout, "polaformer"), In("bin", "pf"), In("absolute")])
            Assert.Equal("built: predict photo.jpg", await Run(script, "predict", "photo.jpg"));
    }

    private string MakeCheckout()
    {
        string checkout = In("checkout"), build = Path.Combine(checkout, "src", "PolaFormer.Cli", "bin"), program = Path.Combine(build, "launcher", "polaformer");
        Directory.CreateDirectory(Path.GetDirectoryName(program)!);
        File.Copy(Path.Combine(Polaformer.Root, "polaformer"), Path.Combine(checkout, "polaformer"));
        foreach (string settings in (string[])["Directory.Build.props", "Directory.Build.targets", "Directory.Packages.props", "global.json"])
            File.WriteAllText(Path.Combine(checkout, settings), "");
        File.WriteAllText(program, "#!/bin/sh\necho \"built: $*\"\n");
        if (!OperatingSystem.IsWindows())
            File.SetUnixFileMode(program, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        string stamp = Path.Combine(build, ".built");
        File.WriteAllText(stamp, "");
        File.SetLastWriteTimeUtc(stamp, DateTime.UtcNow.AddHours(1));
        return checkout;
    }

    private string In(params string[] names) => Path.Combine([_folder.FullName, .. names]);

    private static async Task<string> Run(string script, params string[] arguments)
    {
        using Process process = Process.Start(new ProcessStartInfo("bash", [script, .. arguments]) { RedirectStandardOutput = true, WorkingDirectory = Path.GetTempPath() })!;
        string output = await process.StandardOutput.ReadToEndAsync(TestContext.Current.CancellationToken);
        await process.WaitForExitAsync(TestContext.Current.CancellationToken);
        return output.Trim();
    }
}
