namespace PolaFormer.Server.Tests;

/// <summary>Files of the sources.</summary>
internal static class Checkout
{
    /// <summary>The folder with the solution.</summary>
    public static string Root { get; } = FindRoot();

    /// <summary>The shipped classifier.</summary>
    public static string Classifier { get; } = Path.Combine(Root, "checkpoints", "polaformer_pp_photographs.safetensors");

    /// <summary>A photograph.</summary>
    public static string Photograph(string name) => Path.Combine(Root, "samples", "images", $"{name}.jpg");

    private static string FindRoot()
    {
        var folder = new DirectoryInfo(AppContext.BaseDirectory);
        while (!File.Exists(Path.Combine(folder.FullName, "PolaFormer.slnx")))
            folder = folder.Parent!;
        return folder.FullName;
    }
}
