using Xunit.MicrosoftTestingPlatform;
using Xunit.Runner.InProc.SystemConsole;

namespace PolaFormer.Tensors.Tests;

/// <summary>The entry point that xunit would generate, and <see cref="PlainRunner"/> behind <c>--plain CLASS…</c>.</summary>
internal static class Program
{
    public static async Task<int> Main(string[] args) => args switch
    {
        ["--plain", .. string[] classes] => PlainRunner.Run(classes),
        _ when args.Any(argument => argument is "--server" or "--internal-msbuild-node") => await TestPlatformTestFramework.RunAsync(args, SelfRegisteredExtensions.AddSelfRegisteredExtensions),
        _ => await ConsoleRunner.Run(args),
    };
}
