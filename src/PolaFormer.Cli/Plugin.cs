using System.CommandLine;
using System.Reflection;
using PolaFormer.Files;
using PolaFormer.NN.Attention;

namespace PolaFormer.Cli;

/// <summary>A .NET library of the user's own: its attentions join the registry, so that every command knows their names.</summary>
internal static class Plugin
{
    private static readonly List<string> s_loaded = [];

    /// <summary>Files of the libraries that were loaded.</summary>
    public static IReadOnlyList<string> Loaded => s_loaded;

    /// <summary>The libraries, for every command.</summary>
    public static Option<string[]> Option() => new("--plugin")
    {
        HelpName = "FILE",
        Description = "A .NET library (.dll) with attentions of your own, which are then known by their names. Its code runs: load only what you trust.",
        Arity = ArgumentArity.OneOrMore,
        DefaultValueFactory = _ => [],
        Recursive = true,
    };

    /// <summary>Loads a library.</summary>
    /// <exception cref="ArgumentException">It is no library that could be loaded, or declares no attention.</exception>
    public static void Load(string path)
    {
        InputFile.Check(path);
        try
        {
            AttentionRegistry.AddFrom(Assembly.LoadFrom(Path.GetFullPath(path)));
            s_loaded.Add(path);
        }
        catch (Exception error) when (error is BadImageFormatException or FileLoadException or FileNotFoundException or TypeLoadException or MissingMemberException or ReflectionTypeLoadException or TargetInvocationException)
        {
            throw new ArgumentException($"{path}: it cannot be loaded ({(error.InnerException ?? error).Message}). Build it for this .NET and this version of PolaFormer.", error);
        }
        catch (ArgumentException error)
        {
            throw new ArgumentException($"{path}: {error.Message}", error);
        }
    }
}
