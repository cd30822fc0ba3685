using System.Security.Cryptography;
using System.Text;
using PolaFormer.Files;

namespace PolaFormer.Hub;

/// <summary>A file on its way: what came of it, beside its place, with the checksum that the hub gives for it.</summary>
internal sealed class HubDownload : IDisposable
{
    private readonly string _path, _tagPath;
    private readonly HubAddress _address;
    private readonly FileStream _part;
    private string _tag = "";

    private HubDownload(string path, HubAddress address, FileStream part)
    {
        (_path, _tagPath, _address, _part) = (path, path + ".part.tag", address, part);
        if (part.Length > 0 && File.Exists(_tagPath))
            _tag = File.ReadAllText(_tagPath).Trim();
        if (!IsKnown)
            Restart();
    }

    /// <summary>Bytes that came.</summary>
    public long Length => _part.Length;

    /// <summary>Whether it is known of which version they are.</summary>
    public bool IsKnown => _tag.Length > 0;

    private string PartPath => _path + ".part";

    /// <summary>Opens what there is of a file, or begins anew; other processes are kept out.</summary>
    /// <exception cref="FileException">Another process fetches it, or the folder cannot be written.</exception>
    public static HubDownload Take(string path, HubAddress address)
    {
        try
        {
            var part = new FileStream(path + ".part", FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None);
            part.Seek(0, SeekOrigin.End);
            return new HubDownload(path, address, part);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            throw new FileException($"{address}", $"it cannot be written to the cache, or another process fetches it ({error.Message.TrimEnd('.')}). Wait for that one, or set POLAFORMER_CACHE to another folder.");
        }
    }

    /// <summary>Says which version is fetched; bytes of another one are thrown away.</summary>
    /// <returns>Whether there were such.</returns>
    public bool Begin(string tag)
    {
        if (tag == _tag)
            return false;
        bool hadOther = Length > 0;
        Restart();
        File.WriteAllText(_tagPath, tag);
        _tag = tag;
        return hadOther;
    }

    /// <summary>Throws away what came.</summary>
    public void Restart()
    {
        _part.SetLength(0);
        _part.Seek(0, SeekOrigin.End);
    }

    /// <summary>Adds bytes.</summary>
    public void Append(ReadOnlySpan<byte> bytes) => _part.Write(bytes);

    /// <summary>Compares the checksum and gives the file its name.</summary>
    /// <exception cref="FileException">The checksum is another one; what came is thrown away.</exception>
    public void Complete()
    {
        _part.Flush(flushToDisk: true);
        if (ExpectedIsWrong(out string actual))
        {
            Restart();
            throw new FileException($"{_address}", $"its checksum is {actual}, and the hub gives {_tag}. The bytes were thrown away; fetch it again.");
        }

        _part.Dispose();
        File.Move(PartPath, _path, overwrite: true);
        File.Delete(_tagPath);
    }

    /// <inheritdoc/>
    public void Dispose() => _part.Dispose();

    // Large files have their SHA-256 as tag, small ones the number of git's object; other tags say nothing of the bytes.
    private bool ExpectedIsWrong(out string actual)
    {
        actual = "";
        if (!_tag.All(char.IsAsciiHexDigitLower))
            return false;
        _part.Seek(0, SeekOrigin.Begin);
        actual = _tag.Length switch
        {
            64 => Convert.ToHexStringLower(SHA256.HashData(_part)),
            40 => GitObject(),
            _ => _tag,
        };
        _part.Seek(0, SeekOrigin.End);
        return actual != _tag;
    }

    private string GitObject()
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA1);
        hash.AppendData(Encoding.ASCII.GetBytes($"blob {_part.Length}\0"));
        byte[] buffer = new byte[1 << 16];
        for (int read; (read = _part.Read(buffer)) > 0;)
            hash.AppendData(buffer, 0, read);
        return Convert.ToHexStringLower(hash.GetHashAndReset());
    }
}
