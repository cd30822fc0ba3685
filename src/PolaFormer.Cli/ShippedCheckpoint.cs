namespace PolaFormer.Cli;

/// <summary>The model that comes with the sources.</summary>
internal static class ShippedCheckpoint
{
    /// <summary>Its name.</summary>
    public const string FileName = "polaformer_pp_cifar_2m.safetensors";

    /// <summary>Its path: in <c>checkpoints/</c> of this folder or of one above the program.</summary>
    /// <exception cref="FileNotFoundException">It is nowhere there.</exception>
    public static string Find()
    {
        for (var folder = new DirectoryInfo(AppContext.BaseDirectory); folder is not null; folder = folder.Parent)
        {
            string path = Path.Combine(folder.FullName, "checkpoints", FileName);
            if (File.Exists(path))
                return path;
        }

        throw new FileNotFoundException($"The shipped checkpoint checkpoints/{FileName} is not there. Name one with --checkpoint.");
    }
}
