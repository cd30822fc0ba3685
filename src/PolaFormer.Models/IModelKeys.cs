namespace PolaFormer.Models;

/// <summary>The keys of a recipe's MODEL, by which the authors describe a network.</summary>
public interface IModelKeys
{
    /// <summary>The value of a key.</summary>
    /// <param name="key">Its name below MODEL: <c>SWIN.EMBED_DIM</c>.</param>
    /// <exception cref="ArgumentException">There is no such key, or its value is of another type.</exception>
    T Get<T>(string key);

    /// <summary>An error that names a key and says what is wrong with it.</summary>
    Exception Wrong(string key, string problem);
}
