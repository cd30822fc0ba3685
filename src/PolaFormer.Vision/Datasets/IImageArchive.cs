namespace PolaFormer.Vision.Datasets;

/// <summary>Files within a file. Nothing is unpacked to disk. Safe to read from several threads at once.</summary>
internal interface IImageArchive
{
    /// <summary>No image file is larger.</summary>
    const long MaxEntryBytes = 1L << 28;

    /// <summary>Entries in an archive, wanted or not.</summary>
    const int MaxEntries = 20_000_000;

    /// <summary>The archive's path, for messages.</summary>
    string Path { get; }

    /// <summary>The names of the files, in the form of <see cref="ArchiveEntryName.Normalize"/>.</summary>
    IReadOnlyList<string> Names { get; }

    /// <summary>The bytes of a file.</summary>
    /// <param name="index">Position in <see cref="Names"/>.</param>
    /// <exception cref="ImageException">They cannot be read.</exception>
    ReadOnlyMemory<byte> Read(int index);

    /// <summary>The name of a file in messages, in the form of Swin's code: <c>train.zip@/n01440764/1.JPEG</c>.</summary>
    string FullName(int index) => $"{System.IO.Path.GetFileName(Path)}@/{Names[index]}";
}
