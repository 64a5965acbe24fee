// Reads requests with .NET's own DataContractSerializer and tells what it found in them.
//
// The classes are those that the W50 API documentation's XML is of: a contact's members in one namespace, the
// contact itself in another. Each request comes as its length in bytes, on a line of its own, and its bytes;
// it is answered with one line of JSON: `{"contacts": [...]}`, `{"names": [...]}`, or `{"refused": ...}` with
// what the serializer threw.

using System;
using System.Collections.Generic;
using System.Globalization;
using System.IO;
using System.Runtime.Serialization;
using System.Text;
using System.Xml;

[DataContract(Name = "ContactBase", Namespace = "http://schemas.datacontract.org/2004/07/W50Common.Model.DTO")]
public class ContactBase
{
    [DataMember] public string EncContactId;
    [DataMember] public int Id;
    [DataMember] public int ListId;
    [DataMember] public Dictionary<string, object> Values;
}

[DataContract(Name = "Contact", Namespace = "http://schemas.datacontract.org/2004/07/W50API.Models.DTO")]
public class Contact : ContactBase
{
    [DataMember] public List<string> ValidationWarnings;
}

[DataContract(Name = "ImportJobCreateRequest", Namespace = "http://schemas.datacontract.org/2004/07/W50API.Controllers")]
public class ImportJobCreateRequest
{
    [DataMember] public List<string> FieldNames;
}

public static class Reader
{
    static readonly DataContractSerializer Contacts = new DataContractSerializer(typeof(List<Contact>));
    static readonly DataContractSerializer Create = new DataContractSerializer(typeof(ImportJobCreateRequest));

    public static void Main()
    {
        Stream input = Console.OpenStandardInput();
        var output = new StreamWriter(Console.OpenStandardOutput(), new UTF8Encoding(false));
        for (byte[] body = Next(input); body != null; body = Next(input))
        {
            output.WriteLine(Told(body));
            output.Flush();
        }
    }

    static byte[] Next(Stream input)
    {
        string digits = "";
        for (int each = input.ReadByte(); each != '\n'; each = input.ReadByte())
        {
            if (each < 0) return null;
            digits += (char) each;
        }
        var body = new byte[int.Parse(digits, CultureInfo.InvariantCulture)];
        for (int have = 0; have < body.Length;) have += input.Read(body, have, body.Length - have);
        return body;
    }

    static string Told(byte[] body)
    {
        try
        {
            var reader = XmlDictionaryReader.CreateTextReader(body, XmlDictionaryReaderQuotas.Max);
            reader.MoveToContent();
            if (reader.LocalName == "ImportJobCreateRequest")
            {
                var request = (ImportJobCreateRequest) Create.ReadObject(reader, true);
                return "{\"names\": " + List(request.FieldNames, Text) + "}";
            }
            return "{\"contacts\": " + List((List<Contact>) Contacts.ReadObject(reader, true), Told) + "}";
        }
        catch (Exception error)
        {
            return "{\"refused\": " + Text(error.GetType().Name + ": " + error.Message) + "}";
        }
    }

    static string Told(Contact contact)
    {
        return "[" + Text(contact.EncContactId) + ", " + List(contact.Values, Told) + "]";
    }

    static string Told(KeyValuePair<string, object> pair)
    {
        string kind = pair.Value == null ? null : pair.Value.GetType().FullName;
        string text = pair.Value == null ? null : pair.Value is double ? ((double) pair.Value).ToString("R", CultureInfo.InvariantCulture)
            : Convert.ToString(pair.Value, CultureInfo.InvariantCulture);
        return "[" + Text(pair.Key) + ", " + Text(kind) + ", " + Text(text) + "]";
    }

    static string List<T>(IEnumerable<T> items, Func<T, string> told)
    {
        var parts = new List<string>();
        foreach (T item in items) parts.Add(told(item));
        return "[" + string.Join(", ", parts) + "]";
    }

    static string Text(string text)
    {
        if (text == null) return "null";
        var written = new StringBuilder("\"");
        foreach (char each in text) written.Append("\\u" + ((int) each).ToString("x4"));
        return written.Append('"').ToString();
    }
}
