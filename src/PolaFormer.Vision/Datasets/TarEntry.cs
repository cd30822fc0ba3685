namespace PolaFormer.Vision.Datasets;

/// <summary>A file of a tar archive, or a link that stands for one.</summary>
/// <param name="Name">Its name, in the form of <see cref="ArchiveEntryName.Normalize"/>.</param>
/// <param name="Offset">Where its bytes begin in the archive, unpacked.</param>
/// <param name="Length">How many there are; 0 of a link.</param>
/// <param name="Target">What a link leads to, as a name of the archive.</param>
/// <param name="IsLink">Whether it is a link; where it leads out of the archive there is no <paramref name="Target"/>.</param>
internal readonly record struct TarEntry(string Name, long Offset, long Length, string? Target = null, bool IsLink = false);
