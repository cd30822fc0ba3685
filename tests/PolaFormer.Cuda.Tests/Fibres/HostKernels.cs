using System.Collections.Concurrent;
using System.Diagnostics;
using System.Runtime.InteropServices;
using System.Security.Cryptography;

namespace PolaFormer.Cuda.Tests.Fibres;

/// <summary>The kernels' sources compiled for this processor, each once for each state of it.</summary>
internal static class HostKernels
{
    private static readonly ConcurrentDictionary<string, Lazy<nint>> s_libraries = new();

    /// <summary>Where Kernels/ and Ptx/ are.</summary>
    public static string ProjectFolder { get; } = FindProject();

    /// <summary>Files that kernels are made of, in the order in which eng/build-ptx.sh hashes them.</summary>
    public static IEnumerable<string> Sources => Directory.EnumerateFiles(Path.Combine(ProjectFolder, "Kernels"))
        .Where(file => Path.GetExtension(file) is ".cu" or ".h").OrderBy(file => Path.GetFileName(file), StringComparer.Ordinal);

    /// <summary>SHA-256 of all headers and a source.</summary>
    public static string Hash(string source)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        foreach (string file in Sources.Where(file => Path.GetExtension(file) == ".h").Append(source))
            hash.AppendData(File.ReadAllBytes(file));
        return Convert.ToHexStringLower(hash.GetHashAndReset());
    }

    /// <summary>A compiled source file; the test is skipped where there is no compiler.</summary>
    public static nint Library(string module)
    {
        RequireCompiler();
        Assert.SkipUnless(RuntimeInformation.ProcessArchitecture is Architecture.X64 or Architecture.Arm64 && OperatingSystem.IsLinux(), "fibres know Linux on x86-64 and ARM64");
        return s_libraries.GetOrAdd(module, static name => new Lazy<nint>(() => Build(name))).Value;
    }

    /// <summary>Skips the test where there is no compiler.</summary>
    public static void RequireCompiler() =>
        Assert.SkipWhen(FindCompiler() is null, "clang-19 and lld-19 are not installed (eng/install-optional.sh installs them)");

    /// <summary>Compiles a source to a library.</summary>
    /// <returns>What the compiler says against it; null where nothing.</returns>
    public static string? Compile(string source, string target, params string[] options)
    {
        string[] arguments =
        [
            "-x", "c++", "-std=c++20", "-O1", "-fPIC", "-shared", "-fuse-ld=lld", "-ffp-contract=off", .. options,
            "-I", Path.Combine(ProjectFolder, "Kernels"), "-Wall", "-Werror", "-Wno-unknown-pragmas", "-o", target, source,
        ];
        using Process process = Process.Start(new ProcessStartInfo(FindCompiler()!, arguments) { RedirectStandardError = true })!;
        string said = process.StandardError.ReadToEnd();
        process.WaitForExit();
        return process.ExitCode == 0 ? null : said;
    }

    private static string? FindCompiler() => Find("ld.lld-19") is null ? null : Find("clang++-19");

    private static string? Find(string program) => (Environment.GetEnvironmentVariable("PATH") ?? "").Split(Path.PathSeparator)
        .Select(folder => Path.Combine(folder, program)).FirstOrDefault(File.Exists);

    /// <summary>Compiles a module, unless that was done for its source and the headers as they are.</summary>
    private static nint Build(string module)
    {
        string source = Path.Combine(ProjectFolder, "Kernels", module + ".cu");
        if (!File.Exists(source))
            source = Path.Combine(AppContext.BaseDirectory, module + ".cu");
        string folder = Directory.CreateDirectory(Path.Combine(AppContext.BaseDirectory, "host-kernels")).FullName;
        string target = Path.Combine(folder, $"{module}-{Hash(source)[..16]}.so");
        if (!File.Exists(target))
        {
            string work = target + Path.GetRandomFileName();
            string? problem = Compile(source, work, "-fvisibility=hidden");
            Assert.True(problem is null, problem);
            File.Move(work, target, overwrite: true);
        }

        return NativeLibrary.Load(target);
    }

    private static string FindProject()
    {
        string? folder = AppContext.BaseDirectory;
        while (folder is not null && !File.Exists(Path.Combine(folder, "PolaFormer.slnx")))
            folder = Path.GetDirectoryName(folder);
        return Path.Combine(folder ?? throw new InvalidOperationException("The tests run inside the repository."), "src", "PolaFormer.Cuda");
    }
}
